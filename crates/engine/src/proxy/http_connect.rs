//! HTTP's CONNECT (RFC 9110, 9.3.6).

use super::{ProxyError, Wire};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enlace_domain::proxy::Proxy;
use secrecy::ExposeSecret;

/// Longest head of an answer.
const HEAD: usize = 16 * 1024;

/// Asks for the way to `host`.
pub(super) fn ask(wire: &mut Wire, proxy: &Proxy, host: &str, port: u16) -> Result<(), ProxyError> {
    let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let login = proxy.login().map(|(user, password)| {
        let login = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        format!("Proxy-Authorization: Basic {login}\r\n")
    });
    let login = login.unwrap_or_default();
    wire.say(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{login}\r\n").as_bytes())?;
    match status(&head(wire)?) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(ProxyError::AuthRequired),
        Some(status) => Err(ProxyError::Refused(format!("it answered {status}"))),
        None => Err(ProxyError::Refused("it does not speak HTTP".to_owned())),
    }
}

/// Byte by byte: what comes after the head is the other end's already.
fn head(wire: &mut Wire) -> Result<Vec<u8>, ProxyError> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD || (head.len() == 5 && head != b"HTTP/") {
            return Err(ProxyError::Refused("it does not speak HTTP".to_owned()));
        }
        head.extend(wire.hear::<1>()?);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    line.split(' ').nth(1)?.parse().ok()
}
