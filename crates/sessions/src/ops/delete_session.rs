//! Unlinks a session and removes it.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;

impl Gateway {
    /// Tells the network (within a few seconds) unless `keep_link`, then removes the session and all it stored.
    pub async fn delete_session(&self, id: &SessionId, keep_link: bool) -> Result<(), GatewayError> {
        let handle = self.registry.handle(id)?;
        handle.ask(|reply| Ask::Delete { keep_link, reply }).await?;
        self.registry.forget(id, &handle);
        Ok(())
    }
}
