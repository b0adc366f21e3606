//! Errors as the vendor answers them: a text, a list of broken rules, or the page of its web framework.

use super::BaileysApi;
use super::wire::answer::{ErrorBody, FieldError, FieldErrors};
use crate::frame::guest::{Guest, Reads};
use crate::frame::vendor::Refusal;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use enlace_domain::key::Scope;
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, KeyError};
use std::borrow::Cow;

/// An answer that is an error.
#[derive(Debug)]
pub(super) enum Refused {
    /// `{"error": …}`.
    Error(StatusCode, Cow<'static, str>),
    /// `{"errors": […]}`.
    Invalid(Vec<FieldError>),
    /// HTML, before any handler has seen the request.
    Page(StatusCode),
}

impl Refused {
    pub(super) fn error(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self::Error(status, text.into())
    }

    /// What comes of a name that is taken, or of a session that cannot be linked now.
    pub(super) fn exists() -> Self {
        Self::error(StatusCode::BAD_REQUEST, EXISTS)
    }

    /// What comes of a link that brings no QR.
    pub(super) fn not_created() -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, "Unable to create session")
    }
}

/// Also the last item of a stream.
pub(super) const EXISTS: &str = "Session already exists";

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Error(status, text) => (status, Json(ErrorBody { error: &text })).into_response(),
            Self::Invalid(errors) => (StatusCode::BAD_REQUEST, Json(FieldErrors { errors })).into_response(),
            Self::Page(status) => page(status),
        }
    }
}

/// As Express words it outside of development; there the stack of the error stands in it.
fn page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n\
         <pre>{reason}</pre>\n</body>\n</html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyMissing => Self::error(StatusCode::FORBIDDEN, "X-API-Key Header doesn't exist"),
            Refusal::KeyRefused(error) => error.into(),
            // The vendor has one key, which may do everything; its texts tell nobody what is missing here.
            Refusal::ScopeMissing(scope) => lacks(scope),
            Refusal::KeyLimited => {
                Self::error(StatusCode::FORBIDDEN, "Your API key is limited to certain sessions")
            }
            Refusal::SessionUnknown => not_found(),
            Refusal::Failed(error) => error.into(),
        }
    }
}

fn lacks(scope: Scope) -> Refused {
    Refused::error(StatusCode::FORBIDDEN, format!("Your API key lacks the scope {}", scope.as_str()))
}

fn not_found() -> Refused {
    Refused::error(StatusCode::NOT_FOUND, "Session not found")
}

/// Where the key is in the query.
pub(super) fn query_key_missing() -> Refused {
    Refused::error(StatusCode::FORBIDDEN, "api_key query params doesn't exist")
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Failed(error) => error.into(),
            _ => Self::error(StatusCode::FORBIDDEN, "Your API key is invalid"),
        }
    }
}

impl From<GatewayError> for Refused {
    fn from(error: GatewayError) -> Self {
        match error.kind() {
            ErrorKind::NotFound => not_found(),
            ErrorKind::Conflict => Self::exists(),
            ErrorKind::RateLimited => Self::error(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            kind => {
                if kind == ErrorKind::Internal {
                    tracing::error!(code = error.code(), %error, "baileys-api: a fault of ours");
                }
                Self::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
        }
    }
}

/// The one text that an operation of the vendor has for everything that goes wrong in it.
pub(super) fn failing(text: &'static str) -> impl Fn(GatewayError) -> Refused {
    move |error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::RateLimited => error.into(),
        _ => {
            tracing::info!(code = error.code(), %error, answer = text, "baileys-api: not done");
            Refused::error(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// A path or method that the vendor does not have.
pub(super) async fn unknown() -> Refused {
    Refused::error(StatusCode::NOT_FOUND, "URL not found")
}

/// What the vendor has and we have not.
pub(super) async fn absent(_guest: Guest<BaileysApi, Reads>) -> Refused {
    Refused::error(StatusCode::NOT_IMPLEMENTED, "Enlace does not serve this operation yet")
}
