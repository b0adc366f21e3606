//! Remove a session and all that is its own; its events stay. Deleting what is not there has no effect.

use super::{Group, Halt, applied};
use crate::rows::alias::RELEASE;
use enlace_domain::id::SessionId;
use enlace_domain::port::Committed;
use std::sync::Arc;

const DELETE: &str = "DELETE FROM session WHERE session = ?1; \
    DELETE FROM message WHERE session = ?1; \
    DELETE FROM idempotency WHERE session = ?1";

impl Group<'_> {
    pub(super) async fn delete_session(&mut self, session: &SessionId) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(session) else {
            return Ok(applied(false));
        };
        self.wipe_keys(session).await?;
        sqlx::query(DELETE).bind(slot.number).execute(&mut *self.connection).await?;
        sqlx::query(RELEASE).bind(slot.number).execute(&mut *self.connection).await?;
        self.staged.lives.push((Arc::clone(&slot), false));
        Ok(applied(true))
    }
}
