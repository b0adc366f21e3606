//! Unlinks a session and removes it.

use crate::actor::message::Ask;
use crate::to_the_end::to_the_end;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use std::sync::Arc;

impl Gateway {
    /// Tells the network (within a few seconds) unless `keep_link`, then removes the session and all it stored.
    pub async fn delete_session(&self, id: &SessionId, keep_link: bool) -> Result<(), GatewayError> {
        let handle = self.registry.handle(id)?;
        let (registry, id) = (Arc::clone(&self.registry), id.clone());
        to_the_end(async move {
            handle.ask(|reply| Ask::Delete { keep_link, reply }).await?;
            registry.forget(&id, &handle);
            Ok(())
        })
        .await
    }
}
