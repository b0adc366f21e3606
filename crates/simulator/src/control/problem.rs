//! Refusals as RFC 9457 documents: `{type, title, status, code, detail}`, where `detail` says what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeSet;

use crate::error::{Refusal, SimulatorError};

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

macro_rules! own {
    ($($name:ident = $status:ident $code:literal;)*) => {
        /// A refusal that does not come from the network but from the reading of the request.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Own {
            $($name,)*
        }

        impl Own {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            fn answer(self) -> (StatusCode, &'static str) {
                match self {
                    $(Self::$name => (StatusCode::$status, $code),)*
                }
            }
        }
    };
}

own! {
    BodyNotJson = BAD_REQUEST "body-not-json";
    BodyTooLarge = PAYLOAD_TOO_LARGE "body-too-large";
    PathInvalid = BAD_REQUEST "path-invalid";
    PathUnknown = NOT_FOUND "path-unknown";
    MethodUnknown = METHOD_NOT_ALLOWED "method-unknown";
    RequestInvalid = UNPROCESSABLE_ENTITY "request-invalid";
    ControlForbidden = FORBIDDEN "control-forbidden";
    WebsocketExpected = BAD_REQUEST "websocket-expected";
    OriginRefused = FORBIDDEN "origin-refused";
}

impl Problem {
    pub(super) fn new(own: Own, detail: impl Into<String>) -> Self {
        let (status, code) = own.answer();
        Self { status, code, detail: detail.into() }
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Own::RequestInvalid, detail)
    }

    /// Keeps the status that something below us chose.
    pub(super) fn keep(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

/// Every code that the control API and the WebSocket door can answer with, with its status, sorted by code.
pub fn problem_codes() -> Vec<(&'static str, u16)> {
    let own = Own::ALL.iter().map(|own| own.answer());
    let errors = SimulatorError::CODES.iter().map(|(code, refusal)| (status_of(*refusal), *code));
    let all: BTreeSet<_> = own.chain(errors).map(|(status, code)| (code, status.as_u16())).collect();
    all.into_iter().collect()
}

fn status_of(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NotFound => StatusCode::NOT_FOUND,
        Refusal::Conflict => StatusCode::CONFLICT,
        Refusal::Gone => StatusCode::GONE,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Full => StatusCode::INSUFFICIENT_STORAGE,
        Refusal::Companion => StatusCode::BAD_GATEWAY,
        Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Broken => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<SimulatorError> for Problem {
    fn from(error: SimulatorError) -> Self {
        Self { status: status_of(error.refusal()), code: error.code(), detail: error.to_string() }
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
        Own::PathUnknown,
        "the simulator has no such path; see /simulator/v1/info, /phones, /connections, /faults and /trace",
    )
}

pub(super) async fn no_such_method() -> Problem {
    Problem::new(Own::MethodUnknown, "this path does not know this method")
}
