//! Reading the audit log.

use super::{cut, limit, start};
use crate::page_token::{Position, mark};
use crate::rows::{audit, json};
use crate::writer::failure;
use enlace_domain::audit::{AuditAction, AuditFilter, AuditRecord};
use enlace_domain::id::{KeyId, SessionId};
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::StoreError;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};

/// Backwards along the rows, which are numbered as they came; each filter is one nullable parameter.
const PAGE: &str = "SELECT * FROM audit WHERE row < ?1 \
     AND (?2 IS NULL OR action IN (SELECT value FROM json_each(?2))) \
     AND (?3 IS NULL OR key = ?3 OR target = ?3) \
     AND (?4 IS NULL OR session = ?4) \
     AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6) \
     ORDER BY row DESC LIMIT ?7";

pub(crate) async fn page(
    reads: &SqlitePool,
    filter: &AuditFilter,
    page: &PageRequest,
) -> Result<Page<AuditRecord>, StoreError> {
    let mark = mark(&("audit", filter));
    let start = start(page, mark, Position { at: i64::MAX, id: String::new() })?;
    let actions: Vec<_> = filter.actions.iter().copied().map(AuditAction::as_str).collect();
    let rows = sqlx::query(PAGE)
        .bind(start.at)
        .bind((!actions.is_empty()).then(|| json(&actions)))
        .bind(filter.key.as_ref().map(KeyId::as_str))
        .bind(filter.session.as_ref().map(SessionId::as_str))
        .bind(filter.since.map(|at| at.timestamp_millis()))
        .bind(filter.until.map(|at| at.timestamp_millis()))
        .bind(limit(page))
        .fetch_all(reads)
        .await
        .map_err(failure)?;
    let placed = |row: &SqliteRow| -> Result<(i64, AuditRecord), StoreError> {
        Ok((row.try_get("row").map_err(failure)?, audit::read(row)?))
    };
    let rows = rows.iter().map(placed).collect::<Result<Vec<_>, _>>()?;
    let position = |(row, _): &(i64, AuditRecord)| Position { at: *row, id: String::new() };
    let Page { items, next_page_token } = cut(rows, page, mark, position);
    Ok(Page { items: items.into_iter().map(|(_, record)| record).collect(), next_page_token })
}
