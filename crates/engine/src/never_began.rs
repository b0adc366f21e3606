//! The connection of a session whose keys are gone though its caller believed in them. It is told like any other end,
//! because a linked session must not fall into linking by an error.

use async_trait::async_trait;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::whatsapp::{IssuedCode, NumberCheck, Outgoing, PasskeyAssertion};
use enlace_domain::port::{Connection, ConnectionEvent, EndReason, EngineError, Inbox, SendError};
use secrecy::SecretString;
use std::sync::Arc;

/// Ended from the beginning.
pub(crate) struct NeverBegan;

impl NeverBegan {
    /// Tells the inbox that it has ended.
    pub(crate) fn begin(inbox: Arc<dyn Inbox>) -> Arc<Self> {
        let reason = "keys-missing".to_owned();
        let told = ConnectionEvent::Ended(EndReason::LoggedOut { reason });
        tokio::spawn(async move { inbox.connection(told).await });
        Arc::new(Self)
    }
}

#[async_trait]
impl Connection for NeverBegan {
    async fn request_code(
        &self,
        _: &PhoneNumber,
        _: Option<&SecretString>,
    ) -> Result<IssuedCode, EngineError> {
        Err(EngineError::Ended)
    }

    async fn cancel_code(&self) {}

    async fn answer_passkey(&self, _: &PasskeyAssertion) -> Result<(), EngineError> {
        Err(EngineError::Ended)
    }

    async fn confirm_passkey(&self) -> Result<(), EngineError> {
        Err(EngineError::Ended)
    }

    async fn check_numbers(&self, _: &[PhoneNumber]) -> Result<Vec<NumberCheck>, EngineError> {
        Err(EngineError::Ended)
    }

    async fn send(&self, _: &Outgoing) -> Result<(), SendError> {
        Err(SendError::NotSent(Box::new(EngineError::Ended)))
    }

    async fn logout(&self) -> Result<(), EngineError> {
        Err(EngineError::Ended)
    }

    async fn close(&self) {}

    fn idle_seconds(&self) -> Option<u64> {
        None
    }
}
