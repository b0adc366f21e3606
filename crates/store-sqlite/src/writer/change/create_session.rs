//! Insert a session. An id that was used before goes on with its old number, and so with its event counter.

use super::{Group, Halt, applied};
use crate::rows::session;
use enlace_domain::port::{Committed, StoreError};
use enlace_domain::session::Session;
use std::sync::Arc;

impl Group<'_> {
    pub(super) async fn create_session(&mut self, session: &Session) -> Result<Committed, Halt> {
        let known = self.slot(&session.id);
        if known.as_ref().is_some_and(|slot| self.staged.is_live(slot)) {
            return Err(Halt::Refused(StoreError::SessionExists(session.id.clone())));
        }
        let number = known.as_ref().map(|slot| slot.number);
        for (dialect, alias) in &session.aliases {
            self.check_alias(number, *dialect, alias).await?;
        }
        let slot = match known {
            Some(slot) => slot,
            None => self.make_slot(&session.id).await?,
        };
        session::INSERT
            .run(self.connection, session::values(slot.number, session, &self.memory.sealing))
            .await?;
        for (dialect, alias) in &session.aliases {
            self.write_alias(slot.number, &session.id, *dialect, alias).await?;
        }
        self.staged.lives.push((Arc::clone(&slot), true));
        Ok(applied(true))
    }
}
