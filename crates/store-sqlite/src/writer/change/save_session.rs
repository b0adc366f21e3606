//! Replace a session's row.

use super::{Group, Halt, applied};
use crate::rows::session;
use enlace_domain::port::{Committed, StoreError};
use enlace_domain::session::Session;

impl Group<'_> {
    pub(super) async fn save_session(&mut self, session: &Session) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(&session.id) else {
            return Err(Halt::Refused(StoreError::SessionNotFound(session.id.clone())));
        };
        session::REPLACE
            .run(self.connection, session::values(slot.number, session, &self.memory.sealing))
            .await?;
        Ok(applied(true))
    }
}
