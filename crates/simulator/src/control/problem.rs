//! Refusals as RFC 9457 documents: `{type, title, status, code, detail}`, where `detail` says what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::SimulatorError;

/// A refusal.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "request-invalid", detail)
    }
}

impl From<SimulatorError> for Problem {
    fn from(error: SimulatorError) -> Self {
        use SimulatorError as E;
        let status = match &error {
            E::UnknownPhone | E::UnknownDevice(_) | E::UnknownMessage(_) | E::UnknownFault => {
                StatusCode::NOT_FOUND
            }
            E::PhoneExists | E::NoCodePending | E::TooManyDevices => StatusCode::CONFLICT,
            E::DeadQr(_) => StatusCode::GONE,
            E::InvalidNumber(_)
            | E::InvalidQr(_)
            | E::InvalidCode
            | E::WrongCode
            | E::UnknownRecipient(_)
            | E::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            E::PairingFailed(_) | E::Encrypt(_) => StatusCode::BAD_GATEWAY,
            E::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            E::MediaFull { .. } => StatusCode::INSUFFICIENT_STORAGE,
            E::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
        };
        let mut response = (self.status, Json(document)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

pub(super) async fn no_such_path() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "path-unknown",
        "the simulator has no such path; see /simulator/v1/info, /phones, /connections, /faults and /trace",
    )
}

pub(super) async fn no_such_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-unknown", "this path does not know this method")
}
