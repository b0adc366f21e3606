//! Disconnects a session and lets it rest; its link stays.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use std::sync::Arc;

impl Gateway {
    /// Stops a session. Returns when it has stopped.
    pub async fn stop_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.registry.handle(id)?.ask(|reply| Ask::Stop { reply }).await
    }
}
