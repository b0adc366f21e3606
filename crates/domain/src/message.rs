//! Messages in our own words, one shape on every surface.

use crate::address::{Jid, Person};
use crate::clock::{Timestamp, millis};
use crate::id::{MessageId, SessionId};
use serde::{Deserialize, Serialize};

/// Longest text, in bytes of UTF-8. WhatsApp's own clients stop at 65,536 characters.
pub const TEXT_MAX_BYTES: usize = 65_536;

/// What a message says. Serialised as its kind's own field: `{"text": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Plain text.
    Text(String),
    /// A kind this version does not read; `kind` is the protocol's field name.
    Unsupported {
        /// The protocol's name of the kind, e.g. `imageMessage`.
        kind: String,
    },
}

impl Content {
    /// The kind's name, as in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

/// How far a message got. Only moves forward (see [`Status::advances_to`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Ours: stored, not yet acknowledged by the network.
    Queued,
    /// Ours: will not be sent; `error` says why.
    Failed,
    /// Ours: the network acknowledged it.
    Sent,
    /// Ours: it reached a device of the recipient.
    Delivered,
    /// It was read.
    Read,
    /// Voice or view-once media was played.
    Played,
    /// Theirs: it reached us.
    Received,
}

impl Status {
    fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Failed => 1,
            Self::Sent | Self::Received => 2,
            Self::Delivered => 3,
            Self::Read => 4,
            Self::Played => 5,
        }
    }

    /// Whether `next` is further on.
    pub fn advances_to(self, next: Self) -> bool {
        next.rank() > self.rank()
    }

    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Received => "received",
        }
    }
}

/// A stored message, and exactly what is listed and put into events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Ours (`msg_…`).
    pub id: MessageId,
    /// WhatsApp's id, fixed when the message is accepted.
    pub wa_id: String,
    /// The session it belongs to.
    pub session: SessionId,
    /// The chat: the other person (PN where known, else LID) or the group.
    pub chat: Jid,
    /// Both addresses of the chat's person, where known; empty for groups.
    pub chat_person: Person,
    /// Who wrote it (PN where known, else LID).
    pub from: Jid,
    /// Both addresses of the writer, where known.
    pub from_person: Person,
    /// Whether this number wrote it (here or on the phone).
    pub from_me: bool,
    /// The writer's own name for themselves, where the network told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_name: Option<String>,
    /// When it was written (theirs: the network's clock).
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// How far it got.
    pub status: Status,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it says.
    #[serde(flatten)]
    pub content: Content,
}

/// Why a message of ours is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// `offline`, `sending`.
    pub reason: String,
    /// Until when, where known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis::option")]
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::Status::{Delivered, Failed, Played, Queued, Read, Received, Sent};

    #[test]
    fn a_status_only_moves_forward() {
        let order = [Queued, Failed, Sent, Delivered, Read, Played];
        for (i, from) in order.iter().enumerate() {
            for (j, to) in order.iter().enumerate() {
                assert_eq!(from.advances_to(*to), j > i, "{from:?} to {to:?}");
            }
        }
        assert!(Received.advances_to(Read));
        assert!(!Received.advances_to(Sent));
    }
}
