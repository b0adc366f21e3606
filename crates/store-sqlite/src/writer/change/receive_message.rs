//! Insert a message from the network, once.

use super::{Group, Halt, applied};
use enlace_domain::message::Message;
use enlace_domain::port::{Committed, StoreError};

impl Group<'_> {
    pub(super) async fn receive_message(&mut self, message: &Message) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(&message.session) else {
            return Err(Halt::Refused(StoreError::SessionNotFound(message.session.clone())));
        };
        Ok(applied(self.insert_message(slot.number, message).await?))
    }
}
