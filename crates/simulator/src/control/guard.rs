//! Who may use the control API: unforwarded requests from this machine, and everybody who has the key.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::problem::Problem;
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
    if is_local(&request) || has_key(request.headers(), network.config.control_key.as_deref()) {
        return next.run(request).await;
    }
    let detail = if network.config.control_key.is_some() {
        "send the simulator's control key as `Authorization: Bearer` or `X-API-Key`"
    } else {
        "the simulator's control API is for requests from its own machine; set `[simulator] control_key` to open it"
    };
    Problem::new(StatusCode::FORBIDDEN, "control-forbidden", detail).into_response()
}

fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let local = peer.is_some_and(|ConnectInfo(address)| address.ip().to_canonical().is_loopback());
    local && !FORWARDED.iter().any(|name| request.headers().contains_key(*name))
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
