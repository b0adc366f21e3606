//! Connects a session: a linked one logs in, an unlinked one begins a link.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use std::sync::Arc;

impl Gateway {
    /// Asks a session to run. Returns when that is stored; the outcome is a state.
    pub async fn start_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.registry.handle(id)?.ask(|reply| Ask::Start { reply }).await
    }
}
