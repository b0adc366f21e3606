//! The one shape of every error answer: RFC 9457, with a stable `code` and a `detail` that says what to do.
//!
//! A handler returns a [`Problem`]; the envelope (`kit::envelope`) writes it out, because only there the request id
//! is known and only there the answers of the router itself (unknown route, wrong method) pass by.

use super::own::Own;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use enlace_domain::event::LogBounds;
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, KeyError};
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error;

/// The media type of every error answer.
pub(crate) const CONTENT_TYPE: &str = "application/problem+json";

/// An error answer that is not written out yet.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    field: Option<String>,
    retry_after: Option<u64>,
    bounds: Option<Box<LogBounds>>,
    /// Boxed, like the bounds: a problem travels in every handler's result and must stay small.
    members: Box<Map<String, Value>>,
}

/// What an error answer holds (RFC 9457). Members that do not apply are left out.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "about:blank",
    "title": "Conflict",
    "status": 409,
    "code": "already-linked",
    "detail": "this session is linked to a phone, and its link was not touched; to link another phone, POST …/link with \"force\": true",
    "request_id": "req_0198c0ffee0070008000000000000001"
}))]
pub(crate) struct ProblemBody {
    /// Always `about:blank`: `code` names the problem.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable word to branch on.
    code: Cow<'static, str>,
    /// What is the matter and what to do, for people.
    detail: String,
    /// The field, parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Quote it when you ask for help; it is also in the header `X-Request-Id`.
    request_id: String,
    /// Of a cursor problem: sequence number of the oldest event kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<u64>,
    /// Of a cursor problem: sequence number of the newest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
    /// Members of one problem alone, e.g. `formats` of an unknown format.
    #[serde(flatten)]
    #[schema(ignore)]
    members: Map<String, Value>,
}

impl Problem {
    /// One that this surface gives by itself.
    pub(crate) fn new(own: Own, detail: impl Into<String>) -> Self {
        let (status, code) = own.answer();
        Self::of(status, code, detail.into())
    }

    fn of(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            detail,
            field: None,
            retry_after: None,
            bounds: None,
            members: Box::default(),
        }
    }

    /// 422: a field, parameter or header is wrong.
    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Own::InvalidField, detail).at(field)
    }

    /// 501: not built, or not offered.
    pub(crate) fn not_offered(detail: impl Into<String>) -> Self {
        Self::new(Own::Unsupported, detail)
    }

    /// 501: a field whose meaning is not built, or not offered.
    pub(crate) fn unsupported(field: &'static str, detail: impl Into<String>) -> Self {
        Self::not_offered(detail).at(field)
    }

    /// Names the field at fault.
    #[must_use]
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Keeps the status that something below us chose.
    #[must_use]
    pub(crate) fn keep(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds a member of its own.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// From any error of ours: kind and code decide, here and nowhere else.
    pub(crate) fn from_fault(fault: &impl Fault) -> Self {
        let status = status_of(fault.kind());
        if status.is_server_error() && fault.kind() == ErrorKind::Internal {
            tracing::error!(code = fault.code(), error = %chain(fault), "a request failed by a fault of ours");
        }
        let mut problem = Self::of(status, fault.code(), fault.detail());
        problem.field = fault.field().map(str::to_owned);
        problem.retry_after = fault.retry_after();
        problem
    }

    /// The stable word.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Writes it out.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        for challenge in challenges(self.status, &self.code) {
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            field: self.field,
            request_id: request_id.to_owned(),
            oldest: self.bounds.as_deref().map(|bounds| bounds.oldest),
            newest: self.bounds.as_deref().map(|bounds| bounds.newest),
            members: *self.members,
        };
        let text = serde_json::to_vec(&body).expect("a problem is plain data with text keys");
        (self.status, headers, text).into_response()
    }
}

/// The only place where a kind becomes a status.
fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidInput | ErrorKind::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Every code that an error answer of this API can have, with its status, sorted by code.
pub fn problem_codes() -> Vec<(&'static str, u16)> {
    let faults = <KeyError as Fault>::codes().into_iter().map(|(code, kind)| (code, status_of(kind)));
    let own = Own::ALL.iter().map(|own| {
        let (status, code) = own.answer();
        (code, status)
    });
    let all: BTreeSet<_> = faults.chain(own).map(|(code, status)| (code, status.as_u16())).collect();
    all.into_iter().collect()
}

fn challenges(status: StatusCode, code: &str) -> &'static [&'static str] {
    const BASIC: &str = "Basic realm=\"enlace\", charset=\"UTF-8\"";
    match (status, code) {
        (StatusCode::UNAUTHORIZED, "key-missing") => &["Bearer realm=\"enlace\"", BASIC],
        (StatusCode::UNAUTHORIZED, _) => &["Bearer realm=\"enlace\", error=\"invalid_token\"", BASIC],
        (StatusCode::FORBIDDEN, "scope-missing") => {
            &["Bearer realm=\"enlace\", error=\"insufficient_scope\""]
        }
        _ => &[],
    }
}

fn chain(error: &impl Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<GatewayError> for Problem {
    fn from(error: GatewayError) -> Self {
        let mut problem = Self::from_fault(&error);
        match error {
            GatewayError::CursorUnknown(bounds) | GatewayError::CursorExpired(bounds) => {
                problem.bounds = Some(Box::new(bounds));
                problem
            }
            // It is stored all the same, and can be read.
            GatewayError::MessageRefused { message, .. } => problem.with("message_id", message.to_string()),
            _ => problem,
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        Self::from_fault(&error)
    }
}

impl IntoResponse for Problem {
    /// Leaves the writing to the envelope.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
