//! Events: what happened to a session, stored once and read by every surface from one log.

use crate::clock::{Timestamp, millis};
use crate::id::{EventId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Event types, as they are named on every surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EventType {
    /// The actual state changed; `data` is `{from, state, desired}`.
    #[serde(rename = "session.state")]
    SessionState,
    /// A QR was issued; the payload itself is added at read time.
    #[serde(rename = "session.qr")]
    SessionQr,
    /// A pairing code was issued, renewed, or died (`data.status`).
    #[serde(rename = "session.pairing_code")]
    SessionPairingCode,
    /// WhatsApp asks this account for a passkey.
    #[serde(rename = "session.passkey")]
    SessionPasskey,
    /// The session was deleted; the last event of it.
    #[serde(rename = "session.deleted")]
    SessionDeleted,
    /// A message reached us.
    #[serde(rename = "message.received")]
    MessageReceived,
    /// The network acknowledged a message of ours, or one was written on the phone.
    #[serde(rename = "message.sent")]
    MessageSent,
    /// A message of ours got further, or failed.
    #[serde(rename = "message.status")]
    MessageStatus,
}

impl EventType {
    /// Every type this version publishes.
    pub const ALL: [Self; 8] = [
        Self::SessionState,
        Self::SessionQr,
        Self::SessionPairingCode,
        Self::SessionPasskey,
        Self::SessionDeleted,
        Self::MessageReceived,
        Self::MessageSent,
        Self::MessageStatus,
    ];

    /// The name, e.g. `session.state`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionState => "session.state",
            Self::SessionQr => "session.qr",
            Self::SessionPairingCode => "session.pairing_code",
            Self::SessionPasskey => "session.passkey",
            Self::SessionDeleted => "session.deleted",
            Self::MessageReceived => "message.received",
            Self::MessageSent => "message.sent",
            Self::MessageStatus => "message.status",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == name)
    }
}

/// An event about to be stored; the log gives it its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Whose it is.
    pub session: SessionId,
    /// What happened.
    pub kind: EventType,
    /// When.
    pub at: Timestamp,
    /// Whether it tells of the past (history sync).
    pub is_history: bool,
    /// The type's own fields; never a secret.
    pub data: Value,
}

/// A stored event: the envelope of every surface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The same on every surface and retry.
    pub id: EventId,
    /// One increasing integer per gateway, in commit order: the cursor.
    pub seq: u64,
    /// 1, 2, 3 … without gaps in a session.
    pub session_seq: u64,
    /// Whose it is.
    pub session: SessionId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Whether it tells of the past.
    pub is_history: bool,
    /// The type's own fields.
    pub data: Value,
}

/// The ends of the log: sequence numbers of the oldest and newest kept event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBounds {
    /// Oldest kept; `newest + 1` when nothing is kept.
    pub oldest: u64,
    /// Newest ever committed; 0 before the first.
    pub newest: u64,
}

/// Which events a reader wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these sessions; `None` is all.
    pub sessions: Option<Vec<SessionId>>,
    /// Only these types; `None` is all.
    pub kinds: Option<Vec<EventType>>,
}

impl EventFilter {
    /// Whether an event passes.
    pub fn matches(&self, event: &Event) -> bool {
        self.sessions.as_ref().is_none_or(|s| s.contains(&event.session))
            && self.kinds.as_ref().is_none_or(|k| k.contains(&event.kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_and_in_code_are_the_same() {
        for kind in EventType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), Value::from(kind.as_str()));
            assert_eq!(EventType::parse(kind.as_str()), Some(kind));
        }
    }
}
