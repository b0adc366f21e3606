//! Request bodies: JSON, with what real clients send instead of nothing.
//!
//! An empty body (or `null`) is `{}`, with any content type: many clients set one on requests without a body. A member
//! that is `""` counts as absent. A body that is there must say that it is JSON.

use super::own::Own;
use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(super) const TOO_LARGE: &str = "the body is larger than this gateway takes; send a smaller one";

/// A request body of ours.
pub(crate) trait Input: DeserializeOwned {
    /// Members that say how to answer and not what to do: with others it is the same request.
    const MANNER: &'static [&'static str] = &[];

    /// Looks at the members before they are read, for what the type cannot say.
    fn check(_members: &Map<String, Value>) -> Result<(), Problem> {
        Ok(())
    }
}

/// The body, and what it asks for as JSON with its members in order, so that two writings of one request are equal.
pub(crate) struct Body<T> {
    pub(crate) input: T,
    pub(crate) canonical: String,
}

impl<T: Input, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| unread(&rejection))?;
        let members = members(&bytes, is_json)?;
        T::check(&members)?;
        let mut asked = members.clone();
        asked.retain(|name, _| !T::MANNER.contains(&name.as_str()));
        let canonical = canonical(&Value::Object(asked)).to_string();
        Ok(Self { input: read(Value::Object(members))?, canonical })
    }
}

fn unread(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(Own::BodyTooLarge, TOO_LARGE);
    }
    Problem::new(Own::BodyUnreadable, "the body could not be read to its end; send it again")
}

fn says_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn members(bytes: &[u8], is_json: bool) -> Result<Map<String, Value>, Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    if !is_json {
        return Err(Problem::new(
            Own::UnsupportedMediaType,
            "the body must be JSON: send it with `Content-Type: application/json`",
        ));
    }
    let invalid = |detail: String| Problem::new(Own::InvalidJson, detail);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(mut members)) => {
            members.retain(|_, value| value.as_str() != Some(""));
            Ok(members)
        }
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(invalid("the body is JSON but no object; send {…}".to_owned())),
        // The parser's own words name a position and never what stands there.
        Err(error) => Err(invalid(format!("the body is not JSON: {error}"))),
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let reason = error.inner().to_string();
        let field = match (path.as_str(), missing(&reason)) {
            (".", Some(name)) => name.to_owned(),
            (path, Some(name)) => format!("{path}.{name}"),
            (path, None) => path.to_owned(),
        };
        let detail = in_words(&field, &reason);
        Problem::field(field, detail)
    })
}

/// What serde says, in words for people and without the value that was sent: that may be a number or a code.
fn in_words(field: &str, reason: &str) -> String {
    if reason.starts_with("missing field") {
        return format!("{field} is missing");
    }
    let Some((_, expected)) = reason.split_once(", expected ") else {
        return format!("{field} is not understood; /docs shows what it may be");
    };
    if reason.starts_with("unknown field") {
        return format!("there is no field {field} here; known is {expected}");
    }
    let expected = match expected {
        "a string" => "a text",
        "a boolean" => "true or false",
        "u32" => "a whole number, 0 or more",
        "a map" | "struct SettingsBody" => "an object",
        other => other,
    };
    format!("{field} must be {expected}")
}

/// A missing field is told by serde at the object that lacks it; its name stands in the words.
fn missing(reason: &str) -> Option<&str> {
    reason.strip_prefix("missing field `")?.split('`').next()
}

/// The same value with every object's members sorted by name.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), canonical(&members[name]))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}
