//! A connection: contract row 2.1, object W.

use serde::Serialize;
use serde_json::Value;

/// `W.status` (contract row 2.2). `qrcode` is in lower case there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Status {
    #[serde(rename = "OPENING")]
    Opening,
    #[serde(rename = "qrcode")]
    Qrcode,
    #[serde(rename = "PAIRING")]
    Pairing,
    #[serde(rename = "AUTHENTICATED")]
    Authenticated,
    #[serde(rename = "CONNECTED")]
    Connected,
    #[serde(rename = "TIMEOUT")]
    Timeout,
    #[serde(rename = "DISCONNECTED")]
    Disconnected,
}

/// A connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Whatsapp {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) session: Option<&'static str>,
    /// The raw text of the QR while one is shown; empty after linking, null before the first.
    pub(crate) qrcode: Option<String>,
    pub(crate) status: Status,
    /// Digits; null before the first link, empty after unlinking.
    pub(crate) number: Option<String>,
    pub(crate) retries: u32,
    pub(crate) greeting_message: Option<String>,
    pub(crate) farewell_message: Option<String>,
    /// `wwebjs` from the first QR on.
    #[serde(rename = "type")]
    pub(crate) kind: Option<&'static str>,
    pub(crate) is_default: bool,
    pub(crate) is_display: bool,
    pub(crate) is_business: bool,
    pub(crate) color: String,
    pub(crate) pairing_code: Option<String>,
    pub(crate) pairing_code_expires_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    /// Of the help desk: always empty.
    pub(crate) queues: [Value; 0],
}

/// `GET /whatsapp/{id}/qrcode`. The vendor answers with the text alone; its n8n node adds the rest, so a client of either
/// finds what it looks for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QrCode {
    pub(crate) qrcode: String,
    /// `data:image/png;base64,…`
    pub(crate) qrcode_image: String,
    pub(crate) whatsapp_id: u32,
}
