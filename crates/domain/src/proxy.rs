//! The proxy that a session's connections go through. Its password is a secret: it is in no text form but the one that is
//! meant for sealed storage.

use secrecy::{ExposeSecret, SecretString};
use std::fmt::{self, Write as _};

/// What stands for a password where a proxy is shown.
const MASK: &str = "***";

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// An HTTP proxy that takes CONNECT.
    Http,
    /// SOCKS version 5; names are looked up by the proxy.
    Socks5,
}

impl ProxyScheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
        }
    }
}

/// A proxy.
#[derive(Clone)]
pub struct Proxy {
    scheme: ProxyScheme,
    host: String,
    port: u16,
    login: Option<(String, SecretString)>,
}

/// The text is no proxy. The message says what is wrong and repeats nothing of the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidProxy(&'static str);

const FORM: &str = "a proxy is written http://[user:password@]host:port or socks5://[user:password@]host:port; \
                    characters such as @ : / in user or password as %40 %3A %2F";

impl Proxy {
    /// Reads `http://` or `socks5://`, an optional user and password, host and port.
    pub fn parse(text: &str) -> Result<Self, InvalidProxy> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(InvalidProxy(FORM))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "socks5" | "socks5h" => ProxyScheme::Socks5,
            _ => {
                return Err(InvalidProxy(
                    "a proxy is spoken to by http:// or socks5://, and by nothing else",
                ));
            }
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(read_login(login)?), place),
            None => (None, rest),
        };
        let (host, port) = place.rsplit_once(':').ok_or(InvalidProxy(FORM))?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(InvalidProxy(FORM))?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || host.len() > 253 || !host.chars().all(is_host) {
            return Err(InvalidProxy(FORM));
        }
        Ok(Self { scheme, host: host.to_owned(), port, login })
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Name or address, an IPv6 one without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// User and password, if it wants them.
    pub fn login(&self) -> Option<(&str, &SecretString)> {
        self.login.as_ref().map(|(user, password)| (user.as_str(), password))
    }

    /// The whole text with its password, as [`Self::parse`] reads it: for sealed storage only.
    pub fn to_secret(&self) -> SecretString {
        let password = self.login.as_ref().map(|(_, password)| encode(password.expose_secret()));
        self.write(password.as_deref()).into()
    }

    fn write(&self, password: Option<&str>) -> String {
        let login = match (&self.login, password) {
            (Some((user, _)), Some(password)) => format!("{}:{password}@", encode(user)),
            _ => String::new(),
        };
        let brackets = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let (scheme, host, port) = (self.scheme.as_str(), &self.host, self.port);
        format!("{scheme}://{login}{}{host}{}:{port}", brackets.0, brackets.1)
    }
}

/// With its password masked.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(Some(MASK)))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl PartialEq for Proxy {
    fn eq(&self, other: &Self) -> bool {
        self.to_secret().expose_secret() == other.to_secret().expose_secret()
    }
}

fn read_login(text: &str) -> Result<(String, SecretString), InvalidProxy> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    if password == MASK {
        return Err(InvalidProxy(
            "*** only stands for the password where a proxy is shown; give the password itself",
        ));
    }
    let (user, password) = (decode(user)?, decode(password)?);
    // The lengths that SOCKS has room for.
    if user.is_empty() || user.len() > 255 || password.len() > 255 {
        return Err(InvalidProxy(
            "user and password of a proxy have at most 255 bytes each, the user at least one",
        ));
    }
    Ok((user, password.into()))
}

/// Percent-encoding, undone. No control character can hide in it.
fn decode(text: &str) -> Result<String, InvalidProxy> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                return Err(InvalidProxy(FORM));
            };
            u8::try_from(high * 16 + low).map_err(|_| InvalidProxy(FORM))?
        } else {
            byte
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control)).ok_or(InvalidProxy(FORM))
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes everything");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_written_whole_for_storage() {
        for text in [
            "http://proxy.example:3128",
            "socks5://127.0.0.1:1080",
            "socks5://[::1]:1080",
            "http://ana:s%40cret%3A%2F@proxy.example:8080",
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.to_secret().expose_secret(), text);
            assert_eq!(Proxy::parse(proxy.to_secret().expose_secret()).unwrap(), proxy);
        }
        let proxy = Proxy::parse(" SOCKS5H://ana:s%40cret@Proxy.example:1080/ ").unwrap();
        assert_eq!(
            (proxy.scheme(), proxy.host(), proxy.port()),
            (ProxyScheme::Socks5, "Proxy.example", 1080)
        );
        let (user, password) = proxy.login().unwrap();
        assert_eq!((user, password.expose_secret()), ("ana", "s@cret"));
    }

    #[test]
    fn the_password_shows_nowhere() {
        let proxy = Proxy::parse("http://ana:s%40cret@proxy.example:8080").unwrap();
        assert_eq!(proxy.to_string(), "http://ana:***@proxy.example:8080");
        assert!(!format!("{proxy:?}").contains("cret"));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_it() {
        for text in [
            "",
            "proxy.example:8080",
            "https://proxy.example:8080",
            "http://proxy.example",
            "http://proxy.example:0",
            "http://proxy.example:99999",
            "http://:8080",
            "http://proxy.example:8080/path",
            "http://:secret@proxy.example:8080",
            "http://ana:***@proxy.example:8080",
            "http://ana:se%0Acret@proxy.example:8080",
            "http://ana:secret%4@proxy.example:8080",
            "http://proxy example:8080",
            "http://proxy.example\r\nX: y:8080",
        ] {
            let refused = Proxy::parse(text).expect_err(text).to_string();
            assert!(!refused.contains("secret") && !refused.is_empty(), "{refused}");
        }
    }
}
