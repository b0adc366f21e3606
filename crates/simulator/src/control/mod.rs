//! The control API under `/simulator/v1`: what a hand on a phone does, and looking into the network. Owns paths, JSON and
//! who may ask; every deed is a method of a phone or of the network.

mod body;
mod faults;
mod guard;
mod look;
mod messages;
mod phones;
mod problem;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{any, delete, get, post};
use axum::{Extension, Router, middleware};

use problem::{Own, Problem};

pub use problem::problem_codes;

use crate::doors::websocket;
use crate::state::network::Network;

/// Base64 of the largest file a phone is asked to send, with room for the JSON around it.
const MAX_BODY: usize = 96 * 1024 * 1024;

/// Where WhatsApp's own web client comes from.
const ORIGIN: &str = "https://web.whatsapp.com";

pub(crate) fn router(network: &Arc<Network>) -> Router {
    let control = Router::new()
        .route("/info", get(look::info))
        .route("/phones", get(phones::list).post(phones::create))
        .route("/phones/{number}", get(phones::show))
        .route("/phones/{number}/scan", post(phones::scan))
        .route("/phones/{number}/pairing-code", post(phones::pairing_code))
        .route("/phones/{number}/passkey", post(phones::passkey))
        .route("/phones/{number}/devices", get(phones::devices))
        .route("/phones/{number}/devices/{device}", delete(phones::unlink))
        .route("/phones/{number}/presence", post(phones::presence))
        .route("/phones/{number}/groups", post(phones::create_group))
        .route("/phones/{number}/messages", get(messages::list).post(messages::send))
        .route("/phones/{number}/receipts", get(messages::receipts).post(messages::mark))
        .route("/connections", get(look::connections))
        .route("/faults", get(faults::list).post(faults::order).delete(faults::clear))
        .route("/faults/{id}", delete(faults::remove))
        .route("/trace", get(look::trace).delete(look::clear_trace))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(network), guard::check));
    Router::new()
        .route("/ws/chat", get(door))
        .route("/simulator/v1/", any(problem::no_such_path))
        .method_not_allowed_fallback(problem::no_such_method)
        .nest("/simulator/v1", control)
        .with_state(Arc::clone(network))
}

/// The same as a listener of its own serves it: every path is answered, also those of nobody.
pub(crate) fn whole_router(network: &Arc<Network>) -> Router {
    router(network).fallback(problem::no_such_path)
}

async fn door(
    State(network): State<Arc<Network>>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|error| Problem::new(Own::WebsocketExpected, error.body_text()).keep(error.status()))?;
    // Clients of WhatsApp claim to be its page; so no other page that somebody has open in a browser gets in.
    if headers.get(header::ORIGIN).is_none_or(|origin| origin != ORIGIN) {
        let detail =
            format!("a client of this network sends the header `Origin: {ORIGIN}`, as WhatsApp's page does");
        return Err(Problem::new(Own::OriginRefused, detail));
    }
    Ok(websocket::chat(network, peer.map(|Extension(ConnectInfo(address))| address), upgrade))
}
