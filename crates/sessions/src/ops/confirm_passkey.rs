//! `POST …/passkey/confirm`: the code here and the one on the phone are the same.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;

impl Gateway {
    /// Lets a link under a passkey go on; the phone's acceptance follows.
    pub async fn confirm_passkey(&self, id: &SessionId) -> Result<(), GatewayError> {
        self.registry.handle(id)?.ask(|reply| Ask::ConfirmPasskey { reply }).await
    }
}
