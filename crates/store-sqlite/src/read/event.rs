//! Reading the event log.

use crate::rows::{event, json};
use crate::writer::failure;
use enlace_domain::event::{Event, EventType, LogBounds};
use enlace_domain::port::StoreError;
use sqlx::{Row, SqlitePool};
use std::sync::Arc;

/// Of all sessions, or of several: along the log. The `+` keeps SQLite from gathering and sorting by session.
const OF_MANY: &str = "SELECT e.*, n.id AS session_id FROM event e \
     JOIN session_number n ON n.number = e.session \
     WHERE e.seq > ?1 AND (?2 IS NULL OR +e.session IN (SELECT value FROM json_each(?2))) \
     AND (?3 IS NULL OR e.kind IN (SELECT value FROM json_each(?3))) \
     ORDER BY e.seq LIMIT ?4";

/// Of one session: along its own index.
const OF_ONE: &str = "SELECT e.*, n.id AS session_id FROM event e INDEXED BY event_of_session \
     CROSS JOIN session_number n ON n.number = e.session \
     WHERE e.session = ?2 AND e.seq > ?1 \
     AND (?3 IS NULL OR e.kind IN (SELECT value FROM json_each(?3))) \
     ORDER BY e.seq LIMIT ?4";

/// `sessions` are numbers; `None` is all.
pub(crate) async fn after(
    reads: &SqlitePool,
    after: u64,
    sessions: Option<Vec<i64>>,
    kinds: Option<&[EventType]>,
    limit: usize,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let query = match sessions.as_deref() {
        Some([]) => return Ok(Vec::new()),
        Some([one]) => sqlx::query(OF_ONE).bind(after).bind(*one),
        Some(many) => sqlx::query(OF_MANY).bind(after).bind(json(&many)),
        None => sqlx::query(OF_MANY).bind(after).bind(None::<String>),
    };
    let rows = query
        .bind(kinds.map(|kinds| json(&kinds)))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(reads)
        .await
        .map_err(failure)?;
    rows.iter().map(|row| Ok(Arc::new(event::read(row)?))).collect()
}

pub(crate) async fn bounds(reads: &SqlitePool) -> Result<LogBounds, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT min(seq) FROM event), (SELECT max(seq) FROM event), \
         (SELECT value FROM meta WHERE name = 'newest_event')",
    )
    .fetch_one(reads)
    .await
    .map_err(failure)?;
    let count = |column: usize| -> Result<Option<u64>, StoreError> {
        let count: Option<i64> = row.try_get(column).map_err(failure)?;
        Ok(count.map(i64::unsigned_abs))
    };
    let newest = count(1)?.max(count(2)?).unwrap_or(0);
    Ok(LogBounds { oldest: count(0)?.unwrap_or(newest + 1), newest })
}
