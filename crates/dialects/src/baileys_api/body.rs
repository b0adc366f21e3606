//! Bodies as the vendor reads them, and its rules for their members. One failed rule is one entry of the answer, so a
//! text that is missing fails twice: it is no text, and it is empty.

use super::errors::Refused;
use super::wire::answer::FieldError;
use crate::frame::body::Sent;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

/// Longest body, in bytes.
pub(super) const MAX: usize = 100 * 1024;

/// A body's members.
pub(super) fn members(headers: &HeaderMap, sent: Sent) -> Result<Map<String, Value>, Refused> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match sent {
        Sent::NoJson => Err(Refused::Page(StatusCode::BAD_REQUEST)),
        // The vendor takes objects and lists for JSON, nothing else.
        Sent::Json(value) if !value.is_object() && !value.is_array() => {
            Err(Refused::Page(StatusCode::BAD_REQUEST))
        }
        // What says it is JSON and could not be read was too long.
        Sent::Unreadable if kind.to_ascii_lowercase().contains("json") => {
            Err(Refused::Page(StatusCode::PAYLOAD_TOO_LARGE))
        }
        other => Ok(other.members()),
    }
}

/// The rules that the members of one body broke.
pub(super) struct Rules<'m> {
    members: &'m Map<String, Value>,
    broken: Vec<FieldError>,
}

impl<'m> Rules<'m> {
    pub(super) fn new(members: &'m Map<String, Value>) -> Self {
        Self { members, broken: Vec::new() }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, path: &'static str) -> &'m str {
        let value = self.members.get(path);
        self.rule(path, value.is_some_and(Value::is_string));
        self.rule(path, !is_empty(value));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// An object that is there.
    pub(super) fn object(&mut self, path: &'static str) -> Option<&'m Map<String, Value>> {
        let value = self.members.get(path);
        self.rule(path, value.is_some_and(Value::is_object));
        self.rule(path, !is_empty(value));
        value.and_then(Value::as_object)
    }

    /// An object, where there is anything.
    pub(super) fn object_if_any(&mut self, path: &'static str) {
        if let Some(value) = self.given(path) {
            self.rule(path, value.is_object());
        }
    }

    /// One of these words, where there is anything.
    pub(super) fn word_if_any(&mut self, path: &'static str, words: &[&str]) -> Option<&'m str> {
        let value = self.given(path)?;
        let word = value.as_str();
        self.rule(path, word.is_some());
        self.rule(path, word.is_some_and(|word| words.contains(&word)));
        word
    }

    /// Notes a rule and whether it is kept.
    pub(super) fn rule(&mut self, path: &'static str, kept: bool) {
        if !kept {
            let value = self.members.get(path).cloned();
            self.broken.push(FieldError::new(value, path, "body"));
        }
    }

    /// The answer when one was broken.
    pub(super) fn keep(self) -> Result<(), Refused> {
        if self.broken.is_empty() { Ok(()) } else { Err(Refused::Invalid(self.broken)) }
    }

    /// What forms send that nobody filled in counts as left out.
    fn given(&self, path: &str) -> Option<&'m Value> {
        self.members.get(path).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::Array(items) => !items.iter().all(Value::is_null),
            _ => true,
        })
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}
