//! The audit log: who did what to keys and links, when and from where. Never a secret, never a phone number.

use crate::clock::{Timestamp, millis};
use crate::id::{KeyId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::IpAddr;

/// For how many days a record is kept, by the times of the newest records.
pub const AUDIT_KEEP_DAYS: i64 = 90;
/// How many of the newest records must all be so much younger before one goes.
pub const AUDIT_KEEP_WITNESSES: u64 = 10;
/// How many records are kept; the oldest go first.
pub const AUDIT_KEEP_RECORDS: u64 = 100_000;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AuditAction {
    /// A key was made.
    #[serde(rename = "key.created")]
    KeyCreated,
    /// A key was changed.
    #[serde(rename = "key.changed")]
    KeyChanged,
    /// A key was revoked.
    #[serde(rename = "key.revoked")]
    KeyRevoked,
    /// Somebody came with wrong keys so often that they are refused for a while.
    #[serde(rename = "key.refused_often")]
    KeyRefusedOften,
    /// A ticket for event streams was made.
    #[serde(rename = "stream_ticket.created")]
    TicketCreated,
    /// A link was asked for.
    #[serde(rename = "link.asked")]
    LinkAsked,
    /// A link was asked for that unlinks a linked session first.
    #[serde(rename = "link.forced")]
    LinkForced,
    /// A pairing code was handed out.
    #[serde(rename = "link.code_issued")]
    CodeIssued,
    /// The QRs of a link were read by this key for the first time.
    #[serde(rename = "link.qr_read")]
    QrRead,
    /// The passkey that WhatsApp asked for was answered.
    #[serde(rename = "passkey.answered")]
    PasskeyAnswered,
    /// The code of a passkey was confirmed.
    #[serde(rename = "passkey.confirmed")]
    PasskeyConfirmed,
    /// A session was asked to start.
    #[serde(rename = "session.started")]
    SessionStarted,
    /// A session was asked to stop.
    #[serde(rename = "session.stopped")]
    SessionStopped,
    /// A session was asked to restart.
    #[serde(rename = "session.restarted")]
    SessionRestarted,
    /// A session got another proxy, or none.
    #[serde(rename = "session.proxy_changed")]
    ProxyChanged,
    /// A session was logged out.
    #[serde(rename = "session.logged_out")]
    SessionLoggedOut,
    /// A session was deleted.
    #[serde(rename = "session.deleted")]
    SessionDeleted,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 17] = [
        Self::KeyCreated,
        Self::KeyChanged,
        Self::KeyRevoked,
        Self::KeyRefusedOften,
        Self::TicketCreated,
        Self::LinkAsked,
        Self::LinkForced,
        Self::CodeIssued,
        Self::QrRead,
        Self::PasskeyAnswered,
        Self::PasskeyConfirmed,
        Self::SessionStarted,
        Self::SessionStopped,
        Self::SessionRestarted,
        Self::ProxyChanged,
        Self::SessionLoggedOut,
        Self::SessionDeleted,
    ];

    /// Its name, e.g. `key.created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KeyCreated => "key.created",
            Self::KeyChanged => "key.changed",
            Self::KeyRevoked => "key.revoked",
            Self::KeyRefusedOften => "key.refused_often",
            Self::TicketCreated => "stream_ticket.created",
            Self::LinkAsked => "link.asked",
            Self::LinkForced => "link.forced",
            Self::CodeIssued => "link.code_issued",
            Self::QrRead => "link.qr_read",
            Self::PasskeyAnswered => "passkey.answered",
            Self::PasskeyConfirmed => "passkey.confirmed",
            Self::SessionStarted => "session.started",
            Self::SessionStopped => "session.stopped",
            Self::SessionRestarted => "session.restarted",
            Self::ProxyChanged => "session.proxy_changed",
            Self::SessionLoggedOut => "session.logged_out",
            Self::SessionDeleted => "session.deleted",
        }
    }

    /// The action of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// Who asks, for the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The key; none for the command line, and for somebody without a valid one.
    pub key: Option<KeyId>,
    /// The address that the request came from, where known.
    pub from: Option<IpAddr>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// What.
    pub action: AuditAction,
    /// The key that did it, also when it is gone by now.
    pub key: Option<KeyId>,
    /// From where.
    pub from: Option<IpAddr>,
    /// The session it was done to.
    pub session: Option<SessionId>,
    /// The key it was done to.
    pub target: Option<KeyId>,
    /// The action's own members; `{}` without any.
    pub data: Value,
}

impl AuditRecord {
    /// A record of an action, about nothing in particular yet.
    pub fn new(who: &Who, at: Timestamp, action: AuditAction) -> Self {
        Self {
            at,
            action,
            key: who.key.clone(),
            from: who.from,
            session: None,
            target: None,
            data: Value::Object(serde_json::Map::new()),
        }
    }

    /// About this session.
    #[must_use]
    pub fn session(mut self, session: &SessionId) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// About this key.
    #[must_use]
    pub fn target(mut self, key: &KeyId) -> Self {
        self.target = Some(key.clone());
        self
    }

    /// With members of its own.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }
}

/// Which records to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only these actions; empty is all.
    pub actions: Vec<AuditAction>,
    /// Only what this key did, or what was done to it.
    pub key: Option<KeyId>,
    /// Only what was done to this session.
    pub session: Option<SessionId>,
    /// Only since then.
    pub since: Option<Timestamp>,
    /// Only before then.
    pub until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_one_name_on_the_wire_and_in_code() {
        for action in AuditAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
            assert_eq!(AuditAction::parse(action.as_str()), Some(action));
        }
    }
}
