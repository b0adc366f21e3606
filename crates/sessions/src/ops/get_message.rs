//! Reads one message.

use crate::{Gateway, GatewayError};
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::Message;

impl Gateway {
    /// One message of a session.
    pub async fn message(&self, session: &SessionId, id: &MessageId) -> Result<Message, GatewayError> {
        self.registry.handle(session)?;
        let found = self.parts.store.message(session, id).await?;
        found.ok_or_else(|| GatewayError::MessageNotFound(id.to_string()))
    }
}
