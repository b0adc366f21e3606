//! Press Ticket's token API, `/v1` with the header `x-api-token`.
//!
//! Facts: the contract of version v1.16.2 (2026-05-21). What a help desk is made of (tickets, queues, users) is none of a
//! gateway's, and answers that it is not served.

mod errors;
mod serve;
mod translate;
mod wire;

use crate::frame::operation::{self, Row};
use crate::frame::state::Shared;
use crate::frame::vendor::{Refusal, Vendor};
use axum::Router;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use enlace_domain::alias::Dialect;
use secrecy::SecretString;

/// The vendor.
pub(crate) enum PressTicket {}

impl Vendor for PressTicket {
    const DIALECT: Dialect = Dialect::PressTicket;

    fn credential(parts: &Parts) -> Option<SecretString> {
        let token = parts.headers.get("x-api-token")?.to_str().ok()?.trim();
        (!token.is_empty()).then(|| token.into())
    }

    fn refuse(refusal: Refusal) -> Response {
        errors::Refused::from(refusal).into_response()
    }
}

/// Its routes.
pub(crate) fn routes() -> Router<Shared> {
    operation::routes(serve::sections())
        .fallback(errors::unknown)
        .method_not_allowed_fallback(errors::unknown)
}

/// Its operations.
pub(crate) fn coverage() -> Vec<Row> {
    operation::rows(&serve::sections())
}
