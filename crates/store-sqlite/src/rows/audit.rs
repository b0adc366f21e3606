//! Audit records as rows.

use super::{Reader, Unreadable};
use crate::sql::Value;
use enlace_domain::audit::{AuditAction, AuditRecord};
use enlace_domain::id::{KeyId, SessionId};
use sqlx::sqlite::SqliteRow;

/// Appends a record.
pub(crate) const INSERT: &str =
    "INSERT INTO audit (at, action, key, address, session, target, data) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// The values of a record's row, in the order of [`INSERT`].
pub(crate) fn values(record: &AuditRecord) -> Vec<Value> {
    vec![
        record.at.timestamp_millis().into(),
        record.action.as_str().into(),
        record.key.as_ref().map(KeyId::as_str).into(),
        record.from.map(|address| address.to_string()).into(),
        record.session.as_ref().map(SessionId::as_str).into(),
        record.target.as_ref().map(KeyId::as_str).into(),
        record.data.to_string().into(),
    ]
}

/// A record from its row.
pub(crate) fn read(row: &SqliteRow) -> Result<AuditRecord, Unreadable> {
    let row = Reader { table: "audit", row };
    Ok(AuditRecord {
        at: row.time("at")?,
        action: row.parse("action", AuditAction::parse)?,
        key: row.get::<Option<String>>("key")?.map(KeyId::from_text),
        from: row.parse_optional("address", |text| text.parse().ok())?,
        session: row.parse_optional("session", |text| SessionId::parse(text).ok())?,
        target: row.get::<Option<String>>("target")?.map(KeyId::from_text),
        data: row.parse("data", |text| serde_json::from_str(text).ok())?,
    })
}
