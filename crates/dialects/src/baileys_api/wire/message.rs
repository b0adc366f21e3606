//! Messages: contract section 5.

use serde::Serialize;
use serde_json::{Map, Value};

/// Which message.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) remote_jid: String,
    pub(crate) from_me: bool,
    pub(crate) id: String,
    /// Who wrote it, in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participant: Option<String>,
}

/// What `POST …/send` answers.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebMessageInfo {
    pub(crate) key: Key,
    /// By the protocol's name of its kind.
    pub(crate) message: Map<String, Value>,
    /// Seconds since 1970, as a text.
    pub(crate) message_timestamp: String,
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participant: Option<String>,
}

/// A message as it is listed; what is null is left out.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    pub(crate) pk_id: u64,
    pub(crate) session_id: String,
    pub(crate) remote_jid: String,
    pub(crate) id: String,
    pub(crate) key: Key,
    pub(crate) message: Map<String, Value>,
    pub(crate) message_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) push_name: Option<String>,
    /// 0 failed, 1 waits, 2 sent, 3 delivered, 4 read, 5 played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) participant: Option<String>,
}

/// A page of messages.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct List {
    pub(crate) data: Vec<Row>,
    /// What gets the next page, null on the last.
    pub(crate) cursor: Option<String>,
}
