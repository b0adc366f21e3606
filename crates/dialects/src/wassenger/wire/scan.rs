//! Answers of linking: contract sections 2.1 and 2.2.

use serde::Serialize;

/// A QR in a form that is JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scan {
    /// The pairing text, the picture in base64, or its data URI.
    pub(crate) data: String,
    /// `json` only: the pairing text again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) qr: Option<String>,
    /// `uri` only: where the picture is to be had without a key, as long as this QR lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) expires_at: String,
}

/// A code to type on the phone. The vendor's members are not known, so it stands under each name that is likely.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthCode {
    pub(crate) code: String,
    pub(crate) auth_code: String,
    pub(crate) data: String,
    /// `+E.164`
    pub(crate) phone: String,
    pub(crate) expires_at: String,
}
