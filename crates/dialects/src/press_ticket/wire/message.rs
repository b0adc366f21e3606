//! A message as whatsapp-web.js writes it: contract row 2.5.

use serde::Serialize;
use serde_json::Value;

/// `POST /messages/send` answers with it.
#[derive(Serialize)]
pub(crate) struct Sent {
    pub(crate) resp: Message,
}

/// Its id.
#[derive(Serialize)]
pub(crate) struct MessageId {
    #[serde(rename = "fromMe")]
    pub(crate) from_me: bool,
    /// `…@c.us`.
    pub(crate) remote: String,
    pub(crate) id: String,
    /// `true_…@c.us_3EB0…`.
    #[serde(rename = "_serialized")]
    pub(crate) serialized: String,
}

/// A text of ours.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    /// 0 while it waits, 1 once the network has it.
    pub(crate) ack: u8,
    pub(crate) has_media: bool,
    pub(crate) body: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// Seconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) device_type: &'static str,
    pub(crate) is_forwarded: bool,
    pub(crate) forwarding_score: u32,
    pub(crate) is_status: bool,
    pub(crate) is_starred: bool,
    pub(crate) from_me: bool,
    pub(crate) has_quoted_msg: bool,
    pub(crate) has_reaction: bool,
    #[serde(rename = "vCards")]
    pub(crate) vcards: [Value; 0],
    pub(crate) mentioned_ids: [Value; 0],
    pub(crate) group_mentions: [Value; 0],
    pub(crate) is_gif: bool,
    pub(crate) links: [Value; 0],
}
