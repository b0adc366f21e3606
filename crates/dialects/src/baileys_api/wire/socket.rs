//! What the vendor's Socket.IO emits: contract sections 6 and 7.

use super::answer::StatusBody;
use super::message::{Row, WebMessageInfo};
use serde::Serialize;

/// One payload; it is emitted under the name in `event`.
#[derive(Serialize)]
pub(crate) struct Emitted {
    pub(crate) event: &'static str,
    pub(crate) session_id: String,
    pub(crate) data: Outcome,
}

/// What is told, and that it went well: nothing else is told here.
#[derive(Serialize)]
pub(crate) struct Outcome {
    pub(crate) status: &'static str,
    pub(crate) data: Told,
}

/// What is told.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Told {
    /// `qrcode.updated`.
    Qr {
        /// `data:image/png;base64,…`
        qr: String,
    },
    /// `connection.update`.
    Status(StatusBody),
    /// `messages.upsert`, `messages.update`: one row, not a list.
    Message {
        /// Named as if there were many, there too.
        messages: Box<Row>,
    },
    /// `send.message`.
    Sent {
        /// Where to.
        jid: String,
        /// What the sender was answered.
        result: Box<WebMessageInfo>,
    },
}
