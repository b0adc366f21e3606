//! Moments as they are written: RFC 3339, in any offset.

use super::problem::Problem;
use enlace_domain::clock::Timestamp;

/// The moment that a field or parameter names.
pub(crate) fn parse(field: &'static str, text: &str) -> Result<Timestamp, Problem> {
    let written = chrono::DateTime::parse_from_rfc3339(text);
    written.map(|at| at.to_utc()).map_err(|_| {
        Problem::field(field, format!("{field} is a moment as RFC 3339 has it, e.g. 2026-01-02T03:04:05Z"))
    })
}
