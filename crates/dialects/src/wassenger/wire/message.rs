//! An outbound message: contract section 4.

use serde::Serialize;

/// `message.status`: how far it got in the vendor's own queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Queued,
    Processed,
    Failed,
}

/// `message.deliveryStatus`: how far it got in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryStatus {
    Queued,
    Sent,
    Delivered,
    Read,
    Played,
    Failed,
}

/// A message. Of `phone`, `group` and `channel` there is the one that was asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) id: String,
    /// WhatsApp's own id.
    pub(crate) wa_id: String,
    /// The chat.
    pub(crate) wid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<String>,
    pub(crate) device: String,
    pub(crate) message: String,
    pub(crate) status: Status,
    pub(crate) delivery_status: DeliveryStatus,
    pub(crate) webhook_status: &'static str,
    pub(crate) priority: String,
    pub(crate) reference: Option<String>,
    pub(crate) created_at: String,
    pub(crate) deliver_at: String,
    pub(crate) sent_at: Option<String>,
    pub(crate) processed_at: Option<String>,
}
