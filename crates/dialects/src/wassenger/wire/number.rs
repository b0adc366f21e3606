//! `POST /numbers/exists`: contract row 100.

use serde::Serialize;

/// Whether a number is on WhatsApp.
#[derive(Serialize)]
pub(crate) struct Exists {
    pub(crate) exists: bool,
    /// `+E.164`, as WhatsApp has it where it does.
    pub(crate) phone: String,
    /// `…@c.us`
    pub(crate) wid: Option<String>,
}
