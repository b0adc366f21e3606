//! Move messages of ours forward to a status, never back, and tell of each that moved.

use super::{Group, Halt};
use crate::rows::{json, message};
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{EventType, NewEvent};
use enlace_domain::id::SessionId;
use enlace_domain::message::Status;
use enlace_domain::port::Committed;

/// The event that a moved message is told by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    pub(super) kind: EventType,
    pub(super) at: Timestamp,
}

impl Group<'_> {
    /// `to` is the new status and, for `failed`, why.
    pub(super) async fn advance_status(
        &mut self,
        session: &SessionId,
        wa_ids: &[String],
        to: (Status, Option<&str>),
        telling: Telling,
    ) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(session) else {
            return Ok(Committed::default());
        };
        let (sql, wa_ids) = match wa_ids {
            [] => return Ok(Committed::default()),
            [one] => (message::ADVANCE_ONE, one.clone()),
            many => (message::ADVANCE_MANY, json(&many)),
        };
        let rows = sqlx::query(sql)
            .bind(message::status_code(to.0))
            .bind(to.1)
            .bind(slot.number)
            .bind(wa_ids)
            .bind(message::advancing_from(to.0))
            .fetch_all(&mut *self.connection)
            .await?;
        let mut moved = Vec::with_capacity(rows.len());
        for row in &rows {
            moved.push(message::read(session, row).map_err(|error| sqlx::Error::Decode(error.into()))?);
        }
        moved.sort_by(|a, b| (a.at, a.id.as_str()).cmp(&(b.at, b.id.as_str())));
        let mut done = Committed { applied: !moved.is_empty(), ..Committed::default() };
        for message in moved {
            let Telling { kind, at } = telling;
            let data = serde_json::to_value(&message).expect("a message always serialises");
            let new = NewEvent { session: session.clone(), kind, at, is_history: false, data };
            done.events.push(self.tell(&new).await?);
        }
        Ok(done)
    }
}
