//! API keys as rows: the hash, never the key.

use super::{Reader, Unreadable, json};
use crate::sql::Value;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, Scope};
use sqlx::sqlite::SqliteRow;

/// Inserts a key unless its id or hash is known.
pub(crate) const INSERT: &str = "INSERT INTO api_key (id, hash, name, scopes, sessions, is_admin, created_at, \
     expires_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";

/// Changes what can be changed of a key.
pub(crate) const CHANGE: &str =
    "UPDATE api_key SET name = ?2, scopes = ?3, sessions = ?4, is_admin = ?5, expires_at = ?6 WHERE id = ?1";

/// The values for [`CHANGE`].
pub(crate) fn changed(key: &ApiKey) -> Vec<Value> {
    vec![
        key.id.as_str().into(),
        key.name.as_str().into(),
        json(&key.scopes).into(),
        key.sessions.as_ref().map(json).into(),
        key.scopes.contains(&Scope::Admin).into(),
        key.expires_at.map(|at| at.timestamp_millis()).into(),
    ]
}

/// The values of a key's row, in the order of [`INSERT`].
pub(crate) fn values(key: &ApiKey) -> Vec<Value> {
    vec![
        key.id.as_str().into(),
        key.hash.to_vec().into(),
        key.name.as_str().into(),
        json(&key.scopes).into(),
        key.sessions.as_ref().map(json).into(),
        key.scopes.contains(&Scope::Admin).into(),
        key.created_at.timestamp_millis().into(),
        key.expires_at.map(|at| at.timestamp_millis()).into(),
        key.last_used_at.map(|at| at.timestamp_millis()).into(),
    ]
}

/// A key from its row.
pub(crate) fn read(row: &SqliteRow) -> Result<ApiKey, Unreadable> {
    let row = Reader { table: "api_key", row };
    let hash: &[u8] = row.get("hash")?;
    Ok(ApiKey {
        id: KeyId::from_text(row.get::<String>("id")?),
        name: row.get("name")?,
        hash: hash.try_into().map_err(|_| row.unreadable("hash"))?,
        scopes: row.parse("scopes", |text| serde_json::from_str(text).ok())?,
        sessions: row.parse_optional("sessions", |text| serde_json::from_str(text).ok())?,
        created_at: row.time("created_at")?,
        expires_at: row.time_optional("expires_at")?,
        last_used_at: row.time_optional("last_used_at")?,
    })
}
