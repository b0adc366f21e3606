//! A request's body as real clients send it: with a content type and nothing in it, on a DELETE, or with none of what it
//! says it is.

use super::state::Shared;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use serde_json::{Map, Value};

/// What a body turned out to be.
pub(crate) enum Sent {
    /// Nothing, or only space.
    Nothing,
    /// JSON.
    Json(Value),
    /// Fields of an HTML form.
    Form(Map<String, Value>),
    /// Something that says it is JSON and is not.
    NoJson,
    /// Something else, or longer than is taken.
    Unreadable,
}

impl Sent {
    /// The members, where there are any: an object's, a form's.
    pub(crate) fn members(self) -> Map<String, Value> {
        match self {
            Self::Json(Value::Object(members)) | Self::Form(members) => members,
            _ => Map::new(),
        }
    }
}

impl FromRequest<Shared> for Sent {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Self::Rejection> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        let Ok(bytes) = Bytes::from_request(request, shared).await else { return Ok(Self::Unreadable) };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::Nothing);
        }
        if kind.starts_with("application/x-www-form-urlencoded") {
            let fields = form_urlencoded::parse(&bytes);
            let fields = fields.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
            return Ok(Self::Form(fields.collect()));
        }
        if !kind.contains("json") {
            return Ok(Self::Unreadable);
        }
        Ok(serde_json::from_slice(&bytes).map_or(Self::NoJson, Self::Json))
    }
}
