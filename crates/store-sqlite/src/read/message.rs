//! Reading messages.

use super::{cut, limit, start};
use crate::page_token::{Position, mark};
use crate::rows::message;
use crate::writer::failure;
use enlace_domain::address::Jid;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::Message;
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::{MessageFilter, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqlitePool};

/// The newest second first, and within a second what was stored last. WhatsApp tells times in whole seconds, ours have
/// milliseconds: by the full time a quick reply would be listed below the text that it answers.
const PAGE: &str = "SELECT * FROM message WHERE session = ?1 AND (second, row) < (?2, ?3) \
     AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR from_me = ?5) \
     ORDER BY second DESC, row DESC LIMIT ?6";

/// A chat is found by either address of its person. Each arm walks an index in the list's order, and SQLite merges
/// them, so a page costs the same in a chat of any length.
const PAGE_OF_CHAT: &str = "SELECT * FROM message WHERE session = ?1 AND (second, row) < (?2, ?3) \
     AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR from_me = ?5) AND chat = ?7 \
     UNION ALL SELECT * FROM message WHERE session = ?1 AND (second, row) < (?2, ?3) \
     AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR from_me = ?5) AND chat_pn = ?7 AND chat_pn <> chat \
     UNION ALL SELECT * FROM message WHERE session = ?1 AND (second, row) < (?2, ?3) \
     AND (?4 IS NULL OR status = ?4) AND (?5 IS NULL OR from_me = ?5) AND chat_lid = ?7 AND chat_lid <> chat \
     ORDER BY second DESC, row DESC LIMIT ?6";

pub(crate) async fn one(
    reads: &SqlitePool,
    session: &SessionId,
    number: i64,
    id: &MessageId,
) -> Result<Option<Message>, StoreError> {
    let row = sqlx::query("SELECT * FROM message WHERE session = ? AND id = ?")
        .bind(number)
        .bind(id.as_str())
        .fetch_optional(reads)
        .await
        .map_err(failure)?;
    Ok(row.map(|row| message::read(session, &row)).transpose()?)
}

pub(crate) async fn queued(
    reads: &SqlitePool,
    session: &SessionId,
    number: i64,
) -> Result<Vec<Message>, StoreError> {
    let rows = sqlx::query("SELECT * FROM message WHERE session = ? AND status = 0 ORDER BY at, id")
        .bind(number)
        .fetch_all(reads)
        .await
        .map_err(failure)?;
    read_all(session, &rows)
}

/// `number` is the session's; without one it was never used and has no messages.
pub(crate) async fn page(
    reads: &SqlitePool,
    session: &SessionId,
    number: Option<i64>,
    filter: &MessageFilter,
    page: &PageRequest,
) -> Result<Page<Message>, StoreError> {
    let mark = mark(&("messages", session, filter));
    let start = start(page, mark, Position { at: i64::MAX, id: i64::MAX.to_string() })?;
    let row: i64 = start.id.parse().map_err(|_| StoreError::InvalidPageToken)?;
    let query = if filter.chat.is_some() { PAGE_OF_CHAT } else { PAGE };
    let mut query = sqlx::query(query)
        .bind(number)
        .bind(start.at)
        .bind(row)
        .bind(filter.status.map(message::status_code))
        .bind(filter.from_me)
        .bind(limit(page));
    if let Some(chat) = &filter.chat {
        query = query.bind(Jid::parse(chat).map_or_else(|_| chat.clone(), |jid| jid.to_string()));
    }
    let rows = query.fetch_all(reads).await.map_err(failure)?;
    let placed = |row: &SqliteRow| -> Result<(Position, Message), StoreError> {
        let number = |column| row.try_get::<i64, _>(column).map_err(failure);
        let position = Position { at: number("second")?, id: number("row")?.to_string() };
        Ok((position, message::read(session, row)?))
    };
    let rows = rows.iter().map(placed).collect::<Result<Vec<_>, _>>()?;
    let Page { items, next_page_token } = cut(rows, page, mark, |(position, _)| position.clone());
    Ok(Page { items: items.into_iter().map(|(_, message)| message).collect(), next_page_token })
}

fn read_all(session: &SessionId, rows: &[SqliteRow]) -> Result<Vec<Message>, StoreError> {
    rows.iter().map(|row| Ok(message::read(session, row)?)).collect()
}
