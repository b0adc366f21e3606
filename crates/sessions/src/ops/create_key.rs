//! Makes an API key.

use crate::GatewayError;
use crate::by::{By, entry};
use crate::secret_text::{hash_key, new_key};
use enlace_domain::audit::AuditAction;
use enlace_domain::clock::Timestamp;
use enlace_domain::id::{KeyId, SessionId};
use enlace_domain::key::{ApiKey, KEY_NAME_MAX, Scope};
use enlace_domain::port::store::{Change, Entry};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

/// What to make.
#[derive(Clone, Debug)]
pub struct CreateKey {
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// The sessions it reaches; `None` is all.
    pub sessions: Option<Vec<SessionId>>,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
}

impl By<'_> {
    /// Makes a key and gives it with its record, this once.
    pub async fn create_key(&self, request: CreateKey) -> Result<(ApiKey, SecretString), GatewayError> {
        let parts = &self.gateway.parts;
        let (secret, now) = (new_key(), parts.clock.now());
        let key = ApiKey {
            id: KeyId::random(),
            name: checked_name(&request.name)?,
            hash: hash_key(secret.expose_secret()),
            scopes: checked_scopes(request.scopes)?,
            sessions: request.sessions,
            created_at: now,
            expires_at: checked_end(request.expires_at, now)?,
            last_used_at: None,
        };
        let record = self.record(AuditAction::KeyCreated).target(&key.id).data(rights(&key));
        let add = Entry { change: Change::AddKey(Box::new(key.clone())), event: None };
        parts.store.commit(vec![add, entry(record)]).await?;
        Ok((key, secret))
    }
}

/// What the audit log tells of a key.
pub(crate) fn rights(key: &ApiKey) -> Value {
    let expires_at = key.expires_at.as_ref().map(enlace_domain::clock::millis::format);
    json!({ "name": key.name, "scopes": key.scopes, "sessions": key.sessions, "expires_at": expires_at })
}

pub(crate) fn checked_name(name: &str) -> Result<String, GatewayError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > KEY_NAME_MAX || name.chars().any(char::is_control) {
        return Err(GatewayError::Invalid {
            field: "name",
            message: format!("name is a name for people, 1 to {KEY_NAME_MAX} characters in one line"),
        });
    }
    Ok(name)
}

/// Each once, in order.
pub(crate) fn checked_scopes(mut scopes: Vec<Scope>) -> Result<Vec<Scope>, GatewayError> {
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        let names = Scope::ALL.map(Scope::as_str).join(", ");
        return Err(GatewayError::Invalid {
            field: "scopes",
            message: format!("scopes is a list of one or more of: {names}"),
        });
    }
    Ok(scopes)
}

pub(crate) fn checked_end(end: Option<Timestamp>, now: Timestamp) -> Result<Option<Timestamp>, GatewayError> {
    if end.is_some_and(|end| end <= now) {
        return Err(GatewayError::Invalid {
            field: "expires_at",
            message: "expires_at lies in the past; to end a key now, DELETE it".to_owned(),
        });
    }
    Ok(end)
}
