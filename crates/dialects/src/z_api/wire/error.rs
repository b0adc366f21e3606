//! An error: contract section 1.1.

use serde::Serialize;

/// What clients look for, also where the status is 200.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'static str>,
}
