//! Lists the messages of a session.

use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::message::Message;
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::store::MessageFilter;

impl Gateway {
    /// A page of messages, newest first.
    pub async fn messages(
        &self,
        session: &SessionId,
        filter: &MessageFilter,
        page: &PageRequest,
    ) -> Result<Page<Message>, GatewayError> {
        self.registry.handle(session)?;
        Ok(self.parts.store.messages(session, filter, page).await?)
    }
}
