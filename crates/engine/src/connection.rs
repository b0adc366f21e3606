//! One connection as the session holds it.

use crate::life::Life;
use crate::shared::Shared;
use crate::{numbers, pairing, passkey, send};
use async_trait::async_trait;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::whatsapp::{IssuedCode, NumberCheck, Outgoing, PasskeyAssertion};
use enlace_domain::port::{Connection, EndReason, EngineError, SendError};
use futures::FutureExt;
use parking_lot::Mutex;
use secrecy::SecretString;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use wacore::iq::devices::RemoveCompanionDeviceSpec;
use whatsapp_rust::Client;
use whatsapp_rust::request::IqError;

/// Holds the library's client until the connection has ended.
pub(crate) struct WebConnection {
    client: Mutex<Option<Arc<Client>>>,
    shared: Arc<Shared>,
}

impl WebConnection {
    /// Starts living. The one task ends with the connection.
    pub(crate) fn begin(client: Arc<Client>, shared: Arc<Shared>, life: Life) -> Arc<Self> {
        let connection = Arc::new(Self { client: Mutex::new(Some(client)), shared });
        let held = connection.clone();
        tokio::spawn(async move {
            // A panic is told by the hook that prints it; the client must go either way.
            drop(AssertUnwindSafe(life.run()).catch_unwind().await);
            held.client.lock().take();
        });
        connection
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.client.lock().clone()
    }

    /// Whether nothing of it lives any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.shared.ended.is_cancelled()
    }
}

#[async_trait]
impl Connection for WebConnection {
    async fn request_code(
        &self,
        phone: &PhoneNumber,
        custom: Option<&SecretString>,
    ) -> Result<IssuedCode, EngineError> {
        let client = self.client().ok_or(EngineError::Ended)?;
        pairing::request(&client, &self.shared, phone, custom).await
    }

    async fn cancel_code(&self) {
        if let Some(client) = self.client() {
            pairing::cancel(&client, &self.shared).await;
        }
    }

    async fn answer_passkey(&self, assertion: &PasskeyAssertion) -> Result<(), EngineError> {
        let client = self.client().ok_or(EngineError::Ended)?;
        passkey::answer(&client, &self.shared, assertion).await
    }

    async fn confirm_passkey(&self) -> Result<(), EngineError> {
        let client = self.client().ok_or(EngineError::Ended)?;
        passkey::confirm(&client, &self.shared).await
    }

    async fn check_numbers(&self, numbers: &[PhoneNumber]) -> Result<Vec<NumberCheck>, EngineError> {
        let client = self.client().ok_or(EngineError::Ended)?;
        numbers::check(&client, &self.shared, numbers).await
    }

    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        match self.client() {
            Some(client) => send::send(&client, &self.shared, message).await,
            None => Err(SendError::NotSent(Box::new(EngineError::Ended))),
        }
    }

    async fn logout(&self) -> Result<(), EngineError> {
        let told = match self.client() {
            Some(client) if !self.shared.is_ending() => forget_device(&client, &self.shared).await,
            _ => Err(EngineError::Ended),
        };
        self.close().await;
        told
    }

    async fn close(&self) {
        self.shared.closing.cancel();
        self.shared.end_now(EndReason::Closed);
        self.shared.ended.cancelled().await;
    }

    fn idle_seconds(&self) -> Option<u64> {
        let heard = self.client()?.stats().last_data_received_ms;
        let now = u64::try_from(chrono::Utc::now().timestamp_millis()).ok()?;
        (heard > 0).then(|| now.saturating_sub(heard) / 1000)
    }
}

/// A login is told from the stanza itself, a moment before the library has taken it in.
async fn is_taken_in(client: &Client) -> bool {
    for _ in 0..50 {
        if client.is_logged_in() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

/// Asks the network to forget this device. It may hang up on us before it answers; that is an answer too.
async fn forget_device(client: &Arc<Client>, shared: &Shared) -> Result<(), EngineError> {
    if !is_taken_in(client).await {
        return Err(EngineError::Ended);
    }
    let own = client.pn().ok_or(EngineError::Ended)?;
    let request = client.execute(RemoveCompanionDeviceSpec::new(&own));
    let answer = tokio::time::timeout(shared.limits.logout, request).await;
    if matches!(shared.end(), Some(EndReason::LoggedOut { .. })) {
        return Ok(());
    }
    match answer {
        Ok(Ok(())) => Ok(()),
        Ok(Err(IqError::NotConnected | IqError::Disconnected(_) | IqError::InternalChannelClosed)) => {
            Err(EngineError::Ended)
        }
        Ok(Err(IqError::Timeout)) | Err(_) => Err(EngineError::Timeout),
        Ok(Err(error)) => Err(EngineError::Library(Box::new(error))),
    }
}
