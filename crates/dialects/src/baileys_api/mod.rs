//! baileys-api v2, `/sessions…` and `/{sessionId}/…` with the header `X-API-Key`.
//!
//! Facts: the contract of nizarfadlan/baileys-api at c73ad2d (2025-02-11). Linking is watched over a stream of events,
//! which `stream.rs` writes from our own log.

mod body;
mod dress;
mod errors;
mod serve;
mod stream;
mod translate;
mod wire;

use crate::frame::operation::{self, Row};
use crate::frame::state::Shared;
use crate::frame::vendor::{Refusal, Vendor};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use enlace_domain::alias::Dialect;
use secrecy::SecretString;

/// The vendor.
pub(crate) enum BaileysApi {}

impl Vendor for BaileysApi {
    const DIALECT: Dialect = Dialect::BaileysApi;

    fn credential(parts: &Parts) -> Option<SecretString> {
        let key = parts.headers.get("x-api-key")?.to_str().ok()?.trim();
        (!key.is_empty()).then(|| key.into())
    }

    fn refuse(refusal: Refusal) -> Response {
        errors::Refused::from(refusal).into_response()
    }
}

/// The same where it streams: the key is in the query, because a browser's `EventSource` sends no headers. Its own n8n
/// node sends the header all the same, so both are taken.
pub(crate) enum BaileysStream {}

impl Vendor for BaileysStream {
    const DIALECT: Dialect = Dialect::BaileysApi;

    fn credential(parts: &Parts) -> Option<SecretString> {
        query_key(parts).map(SecretString::from).or_else(|| BaileysApi::credential(parts))
    }

    fn refuse(refusal: Refusal) -> Response {
        match refusal {
            Refusal::KeyMissing => errors::query_key_missing().into_response(),
            other => BaileysApi::refuse(other),
        }
    }
}

fn query_key(parts: &Parts) -> Option<String> {
    query(parts, "api_key").or_else(|| query(parts, "API_KEY"))
}

/// A parameter of the query. An empty one is as left out: a form that nobody filled in sends that.
fn query(parts: &Parts, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(parts.uri.query()?.as_bytes());
    pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

/// Its routes.
pub(crate) fn routes() -> Router<Shared> {
    operation::routes(serve::sections())
        .fallback(errors::unknown)
        .method_not_allowed_fallback(errors::unknown)
        .layer(DefaultBodyLimit::max(body::MAX))
        .layer(axum::middleware::from_fn(dress::dress))
}

/// Its operations.
pub(crate) fn coverage() -> Vec<Row> {
    operation::rows(&serve::sections())
}
