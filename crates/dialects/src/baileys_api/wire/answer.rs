//! Short answers: contract section 2.

use serde::Serialize;
use serde_json::Value;

/// Most errors.
#[derive(Serialize)]
pub(crate) struct ErrorBody<'a> {
    pub(crate) error: &'a str,
}

/// Rules that were broken.
#[derive(Serialize)]
pub(crate) struct FieldErrors {
    pub(crate) errors: Vec<FieldError>,
}

/// One of them.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct FieldError {
    #[serde(rename = "type")]
    kind: &'static str,
    /// What was given; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    msg: &'static str,
    path: &'static str,
    /// `body`, `query` or `params`.
    location: &'static str,
}

impl FieldError {
    pub(crate) fn new(value: Option<Value>, path: &'static str, location: &'static str) -> Self {
        Self { kind: "field", value, msg: "Invalid value", path, location }
    }
}

/// That something was done.
#[derive(Serialize)]
pub(crate) struct MessageBody {
    pub(crate) message: &'static str,
}

/// `status` (contract section 4). One n in `disconected`, there too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Status {
    #[serde(rename = "pulling_wa_data")]
    PullingWaData,
    #[serde(rename = "wait_for_qrcode_auth")]
    WaitForQrcodeAuth,
    #[serde(rename = "connected")]
    Connected,
    #[serde(rename = "disconected")]
    Disconected,
}

/// `GET /sessions/{id}/status`.
#[derive(Serialize)]
pub(crate) struct StatusBody {
    pub(crate) status: Status,
}

/// One of `GET /sessions`.
#[derive(Serialize)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) status: Status,
}

/// `POST /sessions/add`.
#[derive(Serialize)]
pub(crate) struct QrBody {
    /// `data:image/png;base64,…`
    pub(crate) qr: String,
}

/// `GET /{id}/contacts/{jid}`.
#[derive(Serialize)]
pub(crate) struct ExistsBody {
    pub(crate) exists: bool,
}
