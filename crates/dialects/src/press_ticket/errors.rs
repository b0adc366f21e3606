//! Errors as Press Ticket answers them (contract section 1): its status, and one text.

use super::wire::error::{ErrorBody, MessageBody};
use crate::frame::vendor::Refusal;
use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, KeyError};

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    text: String,
    /// Whether this route calls it `message`.
    as_message: bool,
}

impl Refused {
    /// An application error: `{"error": …}`.
    pub(super) fn error(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), as_message: false }
    }

    /// `{"message": …}`, status 500, as the routes of a connection's life have it.
    pub(super) fn message(text: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, text: text.into(), as_message: true }
    }

    /// The vendor's answer to what it did not foresee.
    fn unforeseen() -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = self.text.as_str();
        if self.as_message {
            return (self.status, Json(MessageBody { message: text })).into_response();
        }
        (self.status, Json(ErrorBody { error: text })).into_response()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::KeyMissing => Self::error(StatusCode::UNAUTHORIZED, "ERR_API_TOKEN_REQUIRED"),
            Refusal::KeyRefused(error) => error.into(),
            Refusal::ScopeMissing(_) | Refusal::KeyLimited => {
                Self::error(StatusCode::FORBIDDEN, "ERR_NO_PERMISSION")
            }
            Refusal::SessionUnknown => Self::error(StatusCode::NOT_FOUND, "ERR_NO_WAPP_FOUND"),
            Refusal::Failed(error) => error.into(),
        }
    }
}

impl From<KeyError> for Refused {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Failed(error) => error.into(),
            _ => Self::error(StatusCode::NOT_FOUND, "ERR_TOKEN_NOT_FOUND"),
        }
    }
}

impl From<GatewayError> for Refused {
    fn from(error: GatewayError) -> Self {
        match error.kind() {
            ErrorKind::RateLimited => {
                Self::error(StatusCode::TOO_MANY_REQUESTS, "Limite de requisições da API excedido.")
            }
            ErrorKind::NotFound => Self::error(StatusCode::NOT_FOUND, "ERR_NO_WAPP_FOUND"),
            ErrorKind::Internal => {
                tracing::error!(code = error.code(), %error, "a request of Press Ticket's failed by a fault of ours");
                Self::unforeseen()
            }
            _ => Self::error(StatusCode::BAD_REQUEST, error.detail()),
        }
    }
}

/// A route or method that the vendor does not have.
pub(super) async fn unknown(method: Method, uri: Uri) -> Response {
    let page = format!("Cannot {method} {}", uri.path());
    let escaped = page.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n\
         <pre>{escaped}</pre>\n</body>\n</html>\n"
    );
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// What the vendor has and we have not.
pub(super) async fn absent() -> Refused {
    Refused::error(StatusCode::NOT_IMPLEMENTED, "ERR_NOT_SUPPORTED_BY_ENLACE")
}
