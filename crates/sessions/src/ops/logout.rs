//! Unlinks a session: tells the network, wipes the keys, keeps the record.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use std::sync::Arc;

impl Gateway {
    /// Unlinks a session. Returns when it is unlinked; the network is told within a few seconds or never.
    pub async fn logout_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.registry.handle(id)?.ask(|reply| Ask::Logout { reply }).await
    }
}
