//! Z-API's instance calls, `/instances/{instance}/token/{token}/…` with the header `Client-Token`.
//!
//! Facts: the contract, from the vendor's documents and from what its clients read. Where both are silent, our choice
//! is in `docs/dialects/z-api.md`. What the vendor sells (partner accounts, SIP, its browser extension) is none of a
//! gateway's.

mod door;
mod errors;
mod serve;
mod translate;
mod wire;

use crate::frame::operation::{self, Row};
use crate::frame::state::Shared;
use axum::Router;

/// Its routes.
pub(crate) fn routes() -> Router<Shared> {
    operation::routes(serve::sections())
        .fallback(errors::unknown)
        .method_not_allowed_fallback(errors::wrong_method)
}

/// Its operations.
pub(crate) fn coverage() -> Vec<Row> {
    operation::rows(&serve::sections())
}
