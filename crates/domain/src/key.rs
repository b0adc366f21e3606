//! API keys: scopes, reach, and what is stored of them (never the key itself).

use crate::clock::{Timestamp, millis};
use crate::id::{KeyId, SessionId};
use serde::{Deserialize, Serialize};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// See sessions, messages and events.
    Read,
    /// Send messages.
    Send,
    /// Link numbers: only this scope reads a QR or a pairing code.
    Link,
    /// Create, change, start, stop and delete sessions and webhooks.
    Manage,
    /// Everything, keys included.
    Admin,
}

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, which is not secret.
    pub id: KeyId,
    /// A name for people.
    pub name: String,
    /// SHA-256 of the key.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The sessions it reaches; `None` is all.
    pub sessions: Option<Vec<SessionId>>,
    /// When it was made.
    #[serde(with = "millis")]
    pub created_at: Timestamp,
    /// When it ends, if ever.
    #[serde(default, with = "millis::option")]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(default, with = "millis::option")]
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it holds a scope; `admin` holds all.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether it reaches a session.
    pub fn reaches(&self, session: &SessionId) -> bool {
        self.sessions.as_ref().is_none_or(|sessions| sessions.contains(session))
    }
}
