//! SOCKS version 5 (RFC 1928) with user and password (RFC 1929). Names go to the proxy as names.

use super::{ProxyError, Wire};
use enlace_domain::proxy::Proxy;
use secrecy::ExposeSecret;
use std::net::IpAddr;

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const CONNECT: u8 = 1;

/// Asks for the way to `host`.
pub(super) fn ask(wire: &mut Wire, proxy: &Proxy, host: &str, port: u16) -> Result<(), ProxyError> {
    let methods: &[u8] = if proxy.login().is_some() { &[NO_LOGIN, LOGIN] } else { &[NO_LOGIN] };
    let count = u8::try_from(methods.len()).expect("there are two methods at most");
    wire.say(&[&[VERSION, count], methods].concat())?;
    match (wire.hear::<2>()?, proxy.login()) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, LOGIN], Some((user, password))) => {
            log_in(wire, user.as_bytes(), password.expose_secret().as_bytes())?;
        }
        ([VERSION, _], _) => return Err(ProxyError::AuthRequired),
        _ => return Err(ProxyError::Refused("it does not speak SOCKS 5".to_owned())),
    }
    let mut request = vec![VERSION, CONNECT, 0];
    write_place(&mut request, host, port)?;
    wire.say(&request)?;
    read_answer(wire)
}

fn log_in(wire: &mut Wire, user: &[u8], password: &[u8]) -> Result<(), ProxyError> {
    let length = |text: &[u8]| u8::try_from(text.len()).map_err(|_| ProxyError::AuthRequired);
    wire.say(&[&[1, length(user)?], user, &[length(password)?], password].concat())?;
    let [_, refused] = wire.hear::<2>()?;
    if refused == 0 { Ok(()) } else { Err(ProxyError::AuthRequired) }
}

fn write_place(request: &mut Vec<u8>, host: &str, port: u16) -> Result<(), ProxyError> {
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len())
                .map_err(|_| ProxyError::Refused("the name to connect to is too long for it".to_owned()))?;
            request.extend([3, length]);
            request.extend(host.as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(())
}

fn read_answer(wire: &mut Wire) -> Result<(), ProxyError> {
    let [version, answer, _, kind] = wire.hear::<4>()?;
    if version != VERSION {
        return Err(ProxyError::Refused("it does not speak SOCKS 5".to_owned()));
    }
    if answer != 0 {
        return Err(ProxyError::Refused(format!("it answered {answer}, {}", meaning(answer))));
    }
    // The address it connects from is of no interest, but it has to be read away.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(wire.hear::<1>()?[0]),
        _ => return Err(ProxyError::Refused("it does not speak SOCKS 5".to_owned())),
    };
    for _ in 0..length + 2 {
        wire.hear::<1>()?;
    }
    Ok(())
}

fn meaning(answer: u8) -> &'static str {
    match answer {
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        _ => "a failure of its own",
    }
}
