//! Members of a body as clients fill them in: what is empty, 0 or null is as left out.

use super::errors::Refused;
use crate::frame::body::Sent;
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// The members of a body, none where there is no body.
pub(super) fn members(sent: Sent) -> Result<Map<String, Value>, Refused> {
    match sent {
        Sent::NoJson => Err(Refused::new(StatusCode::BAD_REQUEST, "Request body is not valid JSON")),
        Sent::Unreadable => {
            let text = "Request body must be JSON, with the header Content-Type: application/json";
            Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
        }
        Sent::Json(Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            Err(Refused::new(StatusCode::BAD_REQUEST, "Request body must be a JSON object"))
        }
        sent => Ok(sent.members()),
    }
}

/// A text, or a number in place of one.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
        _ => None,
    }
}

/// Something that is switched on or off.
pub(super) fn flag(members: &Map<String, Value>, name: &'static str) -> Result<Option<bool>, Refused> {
    match members.get(name) {
        Some(Value::Bool(on)) => Ok(Some(*on)),
        Some(Value::String(text)) if text == "true" => Ok(Some(true)),
        Some(Value::String(text)) if text == "false" => Ok(Some(false)),
        other if other.is_none_or(is_empty) => Ok(None),
        _ => Err(Refused::field(name, format!("`{name}` must be true or false"))),
    }
}

/// Whether a member says something.
pub(super) fn is_filled(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_some_and(|value| !is_empty(value))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_nobody_filled_in_is_not_there() {
        let body = json!({"a": "", "b": 0, "c": null, "d": [null], "e": {}, "f": {"url": ""}, "g": false});
        let members = members(Sent::Json(body)).unwrap();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            assert!(!is_filled(&members, name), "{name}");
            assert_eq!(text(&members, name), None, "{name}");
        }
        assert_eq!(flag(&members, "a").unwrap(), None);
        assert_eq!(flag(&members, "g").unwrap(), Some(false));
    }

    #[test]
    fn a_number_is_taken_for_a_text() {
        let members = members(Sent::Json(json!({"phone": 999_100_000_001_u64, "enable": "true"}))).unwrap();
        assert_eq!(text(&members, "phone").as_deref(), Some("999100000001"));
        assert_eq!(flag(&members, "enable").unwrap(), Some(true));
    }
}
