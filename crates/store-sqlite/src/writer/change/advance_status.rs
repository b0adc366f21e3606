//! Move messages of ours forward to a status, never back, and tell of each that moved.

use super::{Group, Halt};
use crate::rows::message;
use crate::sql::Value;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{EventType, NewEvent};
use enlace_domain::id::SessionId;
use enlace_domain::message::{Message, Status};
use enlace_domain::port::Committed;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;

/// Where messages are to move, and how that is told.
#[derive(Clone, Copy, Debug)]
pub(in crate::writer) struct Advance<'a> {
    pub(in crate::writer) session: &'a SessionId,
    pub(in crate::writer) wa_ids: &'a [String],
    pub(in crate::writer) status: Status,
    /// Why, for `failed`.
    pub(in crate::writer) error: Option<&'a str>,
    pub(in crate::writer) tells: EventType,
    pub(in crate::writer) at: Timestamp,
}

impl Advance<'_> {
    /// Rows for [`message::ADVANCE`].
    pub(in crate::writer) fn values(&self, number: i64) -> Vec<Value> {
        let once: BTreeSet<&str> = self.wa_ids.iter().map(String::as_str).collect();
        let row = |wa_id: &str| -> [Value; 5] {
            [
                number.into(),
                wa_id.into(),
                message::status_code(self.status).into(),
                self.error.into(),
                message::advancing_from(self.status).into(),
            ]
        };
        once.into_iter().flat_map(row).collect()
    }
}

impl Group<'_> {
    pub(super) async fn advance_status(&mut self, advance: Advance<'_>) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(advance.session) else {
            return Ok(Committed::default());
        };
        let rows = message::ADVANCE.run(self.connection, advance.values(slot.number)).await?;
        let moved = rows.iter().map(|row| read(advance.session, row)).collect::<Result<_, _>>()?;
        Ok(self.tell_moved(advance, moved).await?)
    }

    /// One event a message, oldest message first.
    pub(in crate::writer) async fn tell_moved(
        &mut self,
        advance: Advance<'_>,
        mut moved: Vec<Message>,
    ) -> Result<Committed, sqlx::Error> {
        moved.sort_by(|a, b| (a.at, a.id.as_str()).cmp(&(b.at, b.id.as_str())));
        let mut done = Committed { applied: !moved.is_empty(), ..Committed::default() };
        for message in moved {
            let new = NewEvent {
                session: advance.session.clone(),
                kind: advance.tells,
                at: advance.at,
                is_history: false,
                data: serde_json::to_value(&message).expect("a message always serialises"),
            };
            done.events.push(self.tell(&new).await?);
        }
        Ok(done)
    }
}

/// A message that the statement returned.
pub(in crate::writer) fn read(session: &SessionId, row: &SqliteRow) -> Result<Message, sqlx::Error> {
    message::read(session, row).map_err(|error| sqlx::Error::Decode(error.into()))
}
