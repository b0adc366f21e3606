//! What sets one vendor's doors apart from another's.

use axum::http::request::Parts;
use axum::response::Response;
use enlace_domain::alias::Dialect;
use enlace_domain::key::Scope;
use enlace_sessions::{GatewayError, KeyError};
use secrecy::SecretString;

/// A vendor, as far as its requests say who asks.
pub(crate) trait Vendor: Send + Sync + 'static {
    /// Which one.
    const DIALECT: Dialect;

    /// The key of a request, wherever this vendor's clients put it.
    fn credential(parts: &Parts) -> Option<SecretString>;

    /// The answer to one who is not let in.
    fn refuse(refusal: Refusal) -> Response;
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no key.
    KeyMissing,
    /// There is one, and it is no good.
    KeyRefused(KeyError),
    /// It lacks a scope.
    ScopeMissing(Scope),
    /// It is limited to certain sessions, and this concerns others.
    KeyLimited,
    /// No session is called so, or none within the key's reach.
    SessionUnknown,
    /// Asked too often, or the gateway is stopping.
    Failed(GatewayError),
}
