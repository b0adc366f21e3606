//! An item of the stream: what Baileys tells of a connection, contract section 3.1. What is not told is left out.

use serde::Serialize;

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Connection {
    Connecting,
    Open,
    Close,
}

/// One item.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<Connection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_disconnect: Option<LastDisconnect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_new_login: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received_pending_notifications: Option<bool>,
}

/// Why it closed, and when.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct LastDisconnect {
    pub(crate) error: Boom,
    pub(crate) date: String,
}

/// An error of the library Boom.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Boom {
    pub(crate) data: Option<StreamError>,
    pub(crate) is_boom: bool,
    pub(crate) is_server: bool,
    pub(crate) output: Output,
}

/// What WhatsApp sent, where it is an error of the stream.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct StreamError {
    pub(crate) tag: &'static str,
    pub(crate) attrs: Attrs,
}

/// Its attributes.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Attrs {
    pub(crate) code: &'static str,
}

/// The HTTP answer that it would be.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pub(crate) status_code: u16,
    pub(crate) payload: Payload,
    pub(crate) headers: Headers,
}

/// Its body.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Payload {
    pub(crate) status_code: u16,
    pub(crate) error: &'static str,
    pub(crate) message: String,
}

/// Always `{}`.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Headers {}
