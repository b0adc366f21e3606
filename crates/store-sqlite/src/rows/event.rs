//! Events as rows. A reading query joins `session_number` and names its id `session_id`.

use super::{Reader, Unreadable, integer};
use crate::sql::{Batch, Value};
use enlace_domain::event::{Event, EventType};
use enlace_domain::id::{EventId, SessionId};
use sqlx::sqlite::SqliteRow;

/// Appends events.
pub(crate) static INSERT: Batch = Batch::new(
    "INSERT INTO event (seq, session, session_seq, id, kind, at, is_history, data) VALUES ",
    8,
    "",
);

/// The values of an event's row, in the order of [`INSERT`].
pub(crate) fn values(session: i64, event: &Event) -> [Value; 8] {
    [
        integer(event.seq).into(),
        session.into(),
        integer(event.session_seq).into(),
        event.id.as_str().into(),
        event.kind.as_str().into(),
        event.at.timestamp_millis().into(),
        event.is_history.into(),
        event.data.to_string().into(),
    ]
}

/// An event from its row.
pub(crate) fn read(row: &SqliteRow) -> Result<Event, Unreadable> {
    let row = Reader { table: "event", row };
    Ok(Event {
        id: EventId::from_text(row.get::<String>("id")?),
        seq: row.count("seq")?,
        session_seq: row.count("session_seq")?,
        session: row.parse("session_id", |text| SessionId::parse(text).ok())?,
        kind: row.parse("kind", EventType::parse)?,
        at: row.time("at")?,
        is_history: row.get("is_history")?,
        data: row.parse("data", |text| serde_json::from_str(text).ok())?,
    })
}
