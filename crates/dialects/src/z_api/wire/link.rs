//! What the pages "QR code" and "phone code" of the vendor's section "instance" answer: contract section 3.

use serde::Serialize;
use serde_json::Value;

/// An answer to who wants to link. Clients take `value`, and go on without an error where it is missing.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Linking {
    /// The QR as text, or as `data:image/png;base64,…`.
    Qr { value: String },
    /// The code to type. The vendor calls it `value`, most of its clients look for `code`.
    Code { value: String, code: String },
    /// There is nothing to link: it is, or a phone has just accepted.
    Connected { connected: bool },
    /// WhatsApp asks for a passkey: the WebAuthn request.
    Challenge { challenge: Value },
}
