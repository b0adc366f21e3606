//! API keys: scopes, reach, and what is stored of them (never the key itself).

use crate::clock::{Timestamp, millis};
use crate::id::{KeyId, SessionId};
use serde::{Deserialize, Serialize};

/// Longest name of a key, in characters.
pub const KEY_NAME_MAX: usize = 100;

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

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Read, Self::Send, Self::Link, Self::Manage, Self::Admin];

    /// Its name, e.g. `read`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Send => "send",
            Self::Link => "link",
            Self::Manage => "manage",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
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

    /// Whether its life is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it may manage keys: it holds `admin` and is not limited to sessions. A limited key that could make keys
    /// could make itself an unlimited one.
    pub fn rules_keys(&self) -> bool {
        self.scopes.contains(&Scope::Admin) && self.sessions.is_none()
    }

    /// Whether it can rule keys for good. One such key must always be there, or nobody could make another.
    pub fn rules_for_good(&self) -> bool {
        self.rules_keys() && self.expires_at.is_none()
    }
}

/// What to change of a key; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// A new name.
    pub name: Option<String>,
    /// Other scopes.
    pub scopes: Option<Vec<Scope>>,
    /// Other sessions, or all.
    pub sessions: Option<Option<Vec<SessionId>>>,
    /// Another end, or none.
    pub expires_at: Option<Option<Timestamp>>,
}

impl KeyChange {
    /// The key with this change.
    #[must_use]
    pub fn apply(&self, key: &ApiKey) -> ApiKey {
        let mut changed = key.clone();
        changed.name = self.name.clone().unwrap_or(changed.name);
        changed.scopes = self.scopes.clone().unwrap_or(changed.scopes);
        changed.sessions = self.sessions.clone().unwrap_or(changed.sessions);
        changed.expires_at = self.expires_at.unwrap_or(changed.expires_at);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_one_name_on_the_wire_and_in_code() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("Admin"), None);
    }
}
