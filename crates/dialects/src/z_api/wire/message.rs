//! A message that was taken to be sent: contract section 4, the vendor's section "message".

use serde::Serialize;

/// What every send answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    /// The service's own id.
    pub(crate) zaap_id: String,
    /// WhatsApp's.
    pub(crate) message_id: String,
    /// The same again, which the vendor keeps for Zapier.
    pub(crate) id: String,
}
