//! `POST …/passkey`: answers WhatsApp's request for a passkey.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::port::whatsapp::PasskeyAssertion;

impl Gateway {
    /// Hands over what an authenticator signed; returns after the network believed it. The code to compare follows. Once
    /// that is there, another answer is refused: `passkey-answered`.
    pub async fn answer_passkey(
        &self,
        id: &SessionId,
        assertion: PasskeyAssertion,
    ) -> Result<(), GatewayError> {
        if self.passkey(id)?.code.is_some() {
            return Err(GatewayError::PasskeyAnswered);
        }
        self.registry.handle(id)?.ask(|reply| Ask::AnswerPasskey { assertion, reply }).await
    }
}
