//! Whether numbers are on WhatsApp: contract section 5, the vendor's section "contacts".

use serde::Serialize;

/// `GET /phone-exists/{phone}`
#[derive(Serialize)]
pub(crate) struct PhoneExists {
    pub(crate) exists: bool,
    /// Digits, in the form that WhatsApp has.
    pub(crate) phone: String,
    /// `…@lid`
    pub(crate) lid: Option<String>,
}

/// One of `POST /phone-exists-batch`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneExistsInBatch {
    pub(crate) exists: bool,
    /// As it was asked for.
    pub(crate) input_phone: String,
    /// In the form that WhatsApp has.
    pub(crate) output_phone: String,
    pub(crate) lid: Option<String>,
}
