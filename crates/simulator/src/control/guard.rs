//! Who may use the control API: unforwarded requests from this machine to a name of it, and everybody who has the key.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::problem::{Own, Problem};
use crate::state::network::Network;

const FORWARDED: [&str; 7] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "cf-connecting-ip",
];

pub(super) async fn check(State(network): State<Arc<Network>>, request: Request, next: Next) -> Response {
    let local = is_local(&request);
    let named = names_this_machine(&request);
    if (local && named) || has_key(request.headers(), network.config.control_key.as_deref()) {
        return next.run(request).await;
    }
    let detail = if network.config.control_key.is_some() {
        "send the simulator's control key as `Authorization: Bearer` or `X-API-Key`"
    } else if local {
        "the simulator's control API answers to localhost and 127.0.0.1 only: under another name a web page could reach \
         it; set `[simulator] control_key` and send that key to use this name"
    } else {
        "the simulator's control API is for requests from its own machine; set `[simulator] control_key` to open it"
    };
    Problem::new(Own::ControlForbidden, detail).into_response()
}

fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let local = peer.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback());
    local && !FORWARDED.iter().any(|name| request.headers().contains_key(*name))
}

/// Whether the request was made to a name of this machine. A page in a browser of this machine comes from here too, and
/// can have its own name lead here (DNS rebinding); the browser then tells that name.
fn names_this_machine(request: &Request) -> bool {
    let headers = request.headers().get_all(header::HOST).iter();
    let mut hosts = headers.map(|value| value.to_str().ok().and_then(|text| text.parse::<Authority>().ok()));
    let target = request.uri().authority();
    hosts.all(|host| host.is_some_and(|host| is_loopback_name(host.host())))
        && target.is_none_or(|target| is_loopback_name(target.host()))
}

fn is_loopback_name(host: &str) -> bool {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn has_key(headers: &HeaderMap, key: Option<&str>) -> bool {
    let Some(key) = key else { return false };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
    let (scheme, rest) = authorization.split_once(' ').unwrap_or(("", authorization));
    let basic = || {
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
        let pair = String::from_utf8(decoded).ok()?;
        pair.split_once(':').map(|(_, password)| password.to_owned())
    };
    let given = [
        text("x-api-key").map(str::to_owned),
        if scheme.eq_ignore_ascii_case("basic") { basic() } else { Some(rest.trim().to_owned()) },
    ];
    // Hashes are compared, so that the time tells nothing of the key.
    let wanted = Sha256::digest(key.as_bytes());
    given.into_iter().flatten().any(|given| Sha256::digest(given.as_bytes()) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(hosts: &[&str]) -> bool {
        let request = hosts
            .iter()
            .fold(Request::builder().uri("/info"), |request, host| request.header(header::HOST, *host));
        names_this_machine(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn names_and_addresses_of_the_machine_are_known_and_no_others() {
        assert!(asked(&[]), "some clients tell none");
        for host in [
            "localhost",
            "LocalHost:7700",
            "sim.localhost:1",
            "localhost.",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:7",
        ] {
            assert!(asked(&[host]), "{host}");
        }
        for host in [
            "example.org",
            "localhost.example.org:7700",
            "evillocalhost",
            "127.0.0.1.example.org",
            "localhost@example.org",
            "192.168.0.7",
            "[fe80::1]",
            "0.0.0.0",
            "",
            "a b",
        ] {
            assert!(!asked(&[host]), "{host}");
        }
        assert!(!asked(&["localhost", "example.org"]));
        let absolute = Request::builder().uri("http://example.org/info").body(Body::empty()).unwrap();
        assert!(!names_this_machine(&absolute));
    }
}
