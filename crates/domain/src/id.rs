//! Newtype ids. Ours carry a printable prefix and are time-ordered (uuid v7).

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Longest session id, in characters.
pub const SESSION_ID_MAX: usize = 64;

/// A session's name in every path: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`, chosen or `ses_…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(std::sync::Arc<str>);

/// The text is not a session id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a session id is 1 to 64 characters of A-Z, a-z, 0-9, dot, underscore and dash, beginning with a letter or digit"
)]
pub struct InvalidSessionId;

impl SessionId {
    /// A new random, time-ordered id.
    pub fn random() -> Self {
        Self(format!("ses_{}", Uuid::now_v7().simple()).into())
    }

    /// Parses a chosen id.
    pub fn parse(text: &str) -> Result<Self, InvalidSessionId> {
        let mut characters = text.chars();
        let first = characters.next().is_some_and(|c| c.is_ascii_alphanumeric());
        let rest = characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if first && rest && text.len() <= SESSION_ID_MAX {
            Ok(Self(text.into()))
        } else {
            Err(InvalidSessionId)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidSessionId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! prefixed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new random, time-ordered id.
            pub fn random() -> Self {
                Self(format!(concat!($prefix, "{}"), Uuid::now_v7().simple()))
            }

            /// Takes a text from a request or a row as it is; an unknown one is simply not found.
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefixed_id!(
    /// Our id of a message (`msg_…`); WhatsApp's own is `wa_id`.
    MessageId,
    "msg_"
);
prefixed_id!(
    /// The id of an event (`evt_…`), the same on every surface and retry.
    EventId,
    "evt_"
);
prefixed_id!(
    /// The id of an API key (`key_…`); not the key itself.
    KeyId,
    "key_"
);

prefixed_id!(
    /// The id of a retired device (`ret_…`); it is seen by nobody outside.
    RetiredId,
    "ret_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_follow_the_grammar() {
        for good in ["a", "ana", "9", "A.b_c-d", &"x".repeat(64)] {
            assert!(SessionId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "_a", "a b", "a/b", "ä", &"x".repeat(65)] {
            assert_eq!(SessionId::parse(bad), Err(InvalidSessionId), "{bad}");
        }
        assert!(SessionId::parse(SessionId::random().as_str()).is_ok());
    }
}
