//! Drops a session's connection and makes it anew.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use std::sync::Arc;

impl Gateway {
    /// Restarts a session. Returns when that is under way; the outcome is a state.
    pub async fn restart_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.registry.handle(id)?.ask(|reply| Ask::Restart { reply }).await
    }
}
