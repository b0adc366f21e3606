//! How a key is shown: never its text, but for once.

use enlace_domain::clock::{Timestamp, millis};
use enlace_domain::key::{ApiKey, Scope};
use serde::Serialize;
use utoipa::ToSchema;

/// A key, without its text.
#[derive(Serialize, ToSchema)]
#[schema(as = Key, example = json!({
    "id": "key_0198c0ffee0070008000000000000001",
    "name": "n8n",
    "scopes": ["read", "send"],
    "sessions": ["ana"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "expires_at": null,
    "last_used_at": "2026-01-03T08:00:00.000Z"
}))]
pub(crate) struct KeyView {
    /// Its id, which is not secret.
    id: String,
    /// A name for people.
    name: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<Scope>,
    /// The sessions it reaches; null is all.
    #[schema(required)]
    sessions: Option<Vec<String>>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends; null is never.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// When it was last used, to the minute.
    #[schema(required, format = DateTime)]
    last_used_at: Option<String>,
}

/// What a key may do: `read` (sessions, messages, events), `send` (messages), `link` (the only one that reads QRs and
/// codes), `manage` (sessions and their life), `admin` (everything, keys included).
#[derive(ToSchema)]
#[schema(as = Scope, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the domain's Scope, which serialises itself")]
pub(crate) enum ScopeName {
    Read,
    Send,
    Link,
    Manage,
    Admin,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        let shown = |at: &Option<Timestamp>| at.as_ref().map(millis::format);
        let sessions = key.sessions.as_ref();
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.clone(),
            sessions: sessions.map(|sessions| sessions.iter().map(ToString::to_string).collect()),
            created_at: millis::format(&key.created_at),
            expires_at: shown(&key.expires_at),
            last_used_at: shown(&key.last_used_at),
        }
    }
}
