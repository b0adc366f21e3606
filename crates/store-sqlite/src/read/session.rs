//! Reading sessions.

use super::{cut, limit, start};
use crate::page_token::{Position, mark};
use crate::rows::{alias, json, session};
use crate::sealing::SealingKey;
use crate::writer::failure;
use enlace_domain::alias::Dialect;
use enlace_domain::id::SessionId;
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::{SessionFilter, StoreError};
use enlace_domain::session::{Session, StateName};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

/// Each filter is one nullable parameter: states, text, ids and wanted metadata, the lists as JSON, and the text once more
/// as digits of a number. A wanted text also means the boolean or number that is written like it.
const PAGE: &str = session::select!(
    "WHERE (?1 IS NULL OR state_name IN (SELECT value FROM json_each(?1))) \
     AND (?2 IS NULL OR instr(search, ?2) > 0 OR (?8 IS NOT NULL AND instr(phone, ?8) > 0)) \
     AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) \
     AND (?4 IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?4) AS want WHERE NOT EXISTS (\
         SELECT 1 FROM json_each(session.metadata) AS have \
         WHERE have.key = want.key AND have.type IN ('text', 'true', 'false', 'integer', 'real') \
         AND CASE WHEN have.type IN ('true', 'false') THEN have.type \
         ELSE CAST(have.value AS TEXT) END = want.value))) \
     AND (created_at, id) > (?5, ?6) \
     ORDER BY created_at, id LIMIT ?7"
);

pub(crate) async fn one(
    reads: &SqlitePool,
    sealing: &SealingKey,
    id: &SessionId,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(session::select!("WHERE id = ?"))
        .bind(id.as_str())
        .fetch_optional(reads)
        .await
        .map_err(failure)?;
    Ok(row.as_ref().map(|row| session::read(row, sealing)).transpose()?)
}

pub(crate) async fn all(reads: &SqlitePool, sealing: &SealingKey) -> Result<Vec<Session>, StoreError> {
    let rows =
        sqlx::query(session::select!("ORDER BY created_at, id")).fetch_all(reads).await.map_err(failure)?;
    read_all(&rows, sealing)
}

pub(crate) async fn page(
    reads: &SqlitePool,
    sealing: &SealingKey,
    filter: &SessionFilter,
    page: &PageRequest,
) -> Result<Page<Session>, StoreError> {
    let mark = mark(&("sessions", filter));
    let start = start(page, mark, Position { at: i64::MIN, id: String::new() })?;
    let states: Vec<_> = filter.states.iter().copied().map(StateName::as_str).collect();
    let rows = sqlx::query(PAGE)
        .bind((!states.is_empty()).then(|| json(&states)))
        .bind(filter.q.as_ref().map(|text| text.to_lowercase()))
        .bind(filter.only.as_ref().map(json))
        .bind((!filter.metadata.is_empty()).then(|| json(&filter.metadata)))
        .bind(start.at)
        .bind(start.id)
        .bind(limit(page))
        .bind(filter.q.as_deref().and_then(digits))
        .fetch_all(reads)
        .await
        .map_err(failure)?;
    let position = |session: &Session| Position {
        at: session.created_at.timestamp_millis(),
        id: session.id.as_str().to_owned(),
    };
    Ok(cut(read_all(&rows, sealing)?, page, mark, position))
}

/// The digits of a text that may be part of a phone number in any usual writing.
fn digits(text: &str) -> Option<String> {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || " +-()./\u{a0}".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| is_number && !digits.is_empty())
}

fn read_all(rows: &[SqliteRow], sealing: &SealingKey) -> Result<Vec<Session>, StoreError> {
    rows.iter().map(|row| Ok(session::read(row, sealing)?)).collect()
}

pub(crate) async fn last_number(reads: &SqlitePool, dialect: Dialect) -> Result<u64, StoreError> {
    let last: i64 = sqlx::query_scalar(alias::LAST_NUMBER)
        .bind(dialect.as_str())
        .fetch_one(reads)
        .await
        .map_err(failure)?;
    Ok(u64::try_from(last).unwrap_or(0))
}
