//! Where a stream begins: `Last-Event-ID`, else `?after=`, else now.

use crate::kit::own::Own;
use crate::kit::problem::Problem;
use crate::kit::query::Query;
use axum::http::{HeaderMap, HeaderName};
use enlace_sessions::Cursor;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The cursor of a request.
pub(super) fn cursor(headers: &HeaderMap, query: &Query) -> Result<Cursor, Problem> {
    match headers.get(LAST_EVENT_ID) {
        Some(value) => match value.to_str().map(str::trim) {
            Ok("") => after(query),
            Ok(text) => number(text, "Last-Event-ID"),
            Err(_) => Err(invalid("Last-Event-ID")),
        },
        None => after(query),
    }
}

fn after(query: &Query) -> Result<Cursor, Problem> {
    query.text("after").map_or(Ok(Cursor::Now), |text| number(text, "after"))
}

fn number(text: &str, field: &'static str) -> Result<Cursor, Problem> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(field));
    }
    // More digits than a sequence number can have is a number all the same: one newer than any log.
    Ok(Cursor::After(text.parse().unwrap_or(u64::MAX)))
}

fn invalid(field: &'static str) -> Problem {
    Problem::new(
        Own::InvalidCursor,
        format!(
            "{field} is the `seq` of the last event you have, a whole number; 0 begins with the oldest kept"
        ),
    )
    .at(field)
}
