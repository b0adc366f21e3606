//! Asks the network which numbers have WhatsApp.

use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::address::PhoneNumber;
use enlace_domain::id::SessionId;
use enlace_domain::port::whatsapp::NumberCheck;
use std::time::Duration;

/// Most numbers in one request. The network takes who asks for too many for a spammer.
pub const NUMBERS_MAX: usize = 1_000;

/// Longest wait for the network.
const WITHIN: Duration = Duration::from_secs(30);

impl Gateway {
    /// Answers each number, in their order. Errors: `session-offline`, `invalid-field`, `network-timeout`.
    pub async fn check_numbers(
        &self,
        id: &SessionId,
        numbers: Vec<PhoneNumber>,
    ) -> Result<Vec<NumberCheck>, GatewayError> {
        if numbers.len() > NUMBERS_MAX {
            let message = format!("numbers has at most {NUMBERS_MAX} numbers; ask for the others later");
            return Err(GatewayError::Invalid { field: "numbers", message });
        }
        let handle = self.registry.handle(id)?;
        let answer = handle.ask(|reply| Ask::CheckNumbers { numbers, reply });
        tokio::time::timeout(WITHIN, answer).await.unwrap_or(Err(GatewayError::NoAnswer))
    }
}
