//! The error object: contract section 1.1.

use serde::Serialize;

/// Everything that is no success.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody<'a> {
    /// The HTTP status again.
    pub(crate) status: u16,
    pub(crate) message: &'a str,
    /// `error:…`
    pub(crate) error_code: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<FieldError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta: Option<Meta>,
}

/// One thing that is wrong with a request.
#[derive(Serialize)]
pub(crate) struct FieldError<'a> {
    pub(crate) code: &'a str,
    /// The member or parameter.
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// What else is known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Meta {
    /// Seconds after which to ask again.
    pub(crate) retry_after: u64,
}
