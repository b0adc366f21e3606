//! The way through a session's proxy, for its socket and for its media. Blocking, because media are fetched that way;
//! the socket is handed over once the way is open.
//!
//! Nothing here ever goes around the proxy: names are looked up by it, and what fails is told as a [`ProxyError`].

mod http_connect;
mod socks5;

use enlace_domain::proxy::{Proxy, ProxyScheme};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How long the way through a proxy may take to open; less than the library waits for a dial.
pub(crate) const WITHIN: Duration = Duration::from_secs(15);

/// There is no way through the proxy. The text names neither user nor password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    /// Nobody answers there, it is no proxy, or it does not connect us.
    #[error("the proxy refuses: {0}")]
    Refused(String),
    /// It takes too long.
    #[error("the proxy does not answer in time")]
    Timeout,
    /// It wants a user and a password, or others.
    #[error("the proxy wants a user and a password, or other ones")]
    AuthRequired,
}

impl ProxyError {
    /// A stable word.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Refused(_) => "proxy-refused",
            Self::Timeout => "proxy-timeout",
            Self::AuthRequired => "proxy-auth-required",
        }
    }
}

impl From<io::Error> for ProxyError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::Timeout,
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// Opens the way to `host` (a name or an address, without brackets) and gives the stream at its end.
pub(crate) fn tunnel(
    proxy: &Proxy,
    host: &str,
    port: u16,
    within: Duration,
) -> Result<TcpStream, ProxyError> {
    let deadline = Instant::now() + within;
    let mut wire = Wire { stream: reach(proxy, deadline)?, deadline };
    match proxy.scheme() {
        ProxyScheme::Http => http_connect::ask(&mut wire, proxy, host, port)?,
        ProxyScheme::Socks5 => socks5::ask(&mut wire, proxy, host, port)?,
    }
    let stream = wire.stream;
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(None)?;
    Ok(stream)
}

/// The first address of the proxy that answers.
fn reach(proxy: &Proxy, deadline: Instant) -> Result<TcpStream, ProxyError> {
    let mut refused = ProxyError::Refused("its name has no address".to_owned());
    for address in (proxy.host(), proxy.port()).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => refused = error.into(),
        }
    }
    Err(refused)
}

fn left(deadline: Instant) -> Result<Duration, ProxyError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ProxyError::Timeout) } else { Ok(left) }
}

/// The connection to the proxy, where every step ends by the same deadline: one that sends a byte now and then gains
/// no time by it.
struct Wire {
    stream: TcpStream,
    deadline: Instant,
}

impl Wire {
    fn say(&mut self, bytes: &[u8]) -> Result<(), ProxyError> {
        self.stream.set_write_timeout(Some(left(self.deadline)?))?;
        Ok(self.stream.write_all(bytes)?)
    }

    /// Exactly as much, and nothing of what comes after it.
    fn hear<const N: usize>(&mut self) -> Result<[u8; N], ProxyError> {
        let mut bytes = [0; N];
        let mut rest = &mut bytes[..];
        while !rest.is_empty() {
            self.stream.set_read_timeout(Some(left(self.deadline)?))?;
            let read = match self.stream.read(rest) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                return Err(ProxyError::Refused("it hung up".to_owned()));
            }
            rest = &mut rest[read..];
        }
        Ok(bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests;
