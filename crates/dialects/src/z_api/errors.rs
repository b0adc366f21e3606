//! Errors as Z-API answers them (contract section 1.1): an object with the text `error`, sometimes `message` beside it.

use super::translate;
use super::wire::error::ErrorBody;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use enlace_domain::key::Scope;
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, KeyError};
use std::borrow::Cow;

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    error: Cow<'static, str>,
    message: Option<&'static str>,
}

impl Refused {
    fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), message: None }
    }

    /// What the vendor says to everything that it does not take: status 400.
    pub(super) fn invalid(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// The path names no instance, or has a wrong token. It does not say which of the two.
    pub(super) fn unknown_instance() -> Self {
        Self::invalid("Instance not found")
    }

    /// The path holds an Enlace key that may not do this. The vendor's credential has no such limits.
    pub(super) fn scope_missing(scope: Scope) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("key without the scope {} not allowed", scope.as_str()))
    }

    /// A body that does not say that it is JSON.
    pub(super) fn no_json_type() -> Self {
        let message = Some("The body of this method must have the content type application/json");
        Self { message, ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE") }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: &self.error, message: self.message })).into_response()
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Failed(error) => error.into(),
            _ => Self::unknown_instance(),
        }
    }
}

impl From<GatewayError> for Refused {
    fn from(error: GatewayError) -> Self {
        if let Some(text) = translate::refusal(&error) {
            return Self::invalid(text);
        }
        match error.kind() {
            ErrorKind::NotFound => Self::unknown_instance(),
            ErrorKind::RateLimited => Self::new(StatusCode::TOO_MANY_REQUESTS, error.detail()),
            ErrorKind::Timeout | ErrorKind::Unavailable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.detail())
            }
            ErrorKind::Internal => {
                tracing::error!(code = error.code(), %error, "a request of Z-API's failed by a fault of ours");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            _ => Self::invalid(error.detail()),
        }
    }
}

/// A route that the vendor does not have: status 200 there, and its clients look for `error`.
pub(super) async fn unknown() -> Refused {
    let message = Some("Unable to find matching target resource method");
    Refused { message, ..Refused::new(StatusCode::OK, "NOT_FOUND") }
}

/// A route that it has, asked for in another way.
pub(super) async fn wrong_method() -> Refused {
    let message = Some("This path exists, and takes another method");
    Refused { message, ..Refused::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED") }
}
