//! Insert a session. An id that was used before goes on with its old number, and so with its event counter.

use super::{Group, Halt, applied};
use crate::rows::session;
use enlace_domain::port::{Committed, StoreError};
use enlace_domain::session::Session;
use std::sync::Arc;

impl Group<'_> {
    pub(super) async fn create_session(&mut self, session: &Session) -> Result<Committed, Halt> {
        let slot = match self.slot(&session.id) {
            Some(slot) if self.staged.is_live(&slot) => {
                return Err(Halt::Refused(StoreError::SessionExists(session.id.clone())));
            }
            Some(slot) => slot,
            None => self.make_slot(&session.id).await?,
        };
        session::INSERT
            .run(self.connection, session::values(slot.number, session, &self.memory.sealing))
            .await?;
        self.staged.lives.push((Arc::clone(&slot), true));
        Ok(applied(true))
    }
}
