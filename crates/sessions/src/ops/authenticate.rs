//! Finds the API key behind a credential.

use crate::ops::watch_key::KeyEnd;
use crate::secret_text::hash_key;
use crate::{Gateway, GatewayError};
use chrono::TimeDelta;
use enlace_domain::Fault;
use enlace_domain::key::ApiKey;
use std::sync::Arc;

/// Why a credential is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a key of this gateway.
    #[error("this key is not valid here; check it, or make a new one with an admin key")]
    Invalid,
    /// It was valid once.
    #[error("this key has expired; make a new one with an admin key")]
    Expired,
    /// What it may do was changed while its request waited.
    #[error("what this key may do was changed while its request waited; ask again")]
    Changed,
    /// Not a ticket of this gateway, or no longer.
    #[error(
        "this ticket is not valid: tickets end with their key and when the gateway starts again; make a new one with POST /v1/stream-tickets"
    )]
    TicketInvalid,
    /// Its time is over.
    #[error(
        "this ticket has expired: it opens streams only within its life, which may be 600 seconds; make a new one with POST /v1/stream-tickets"
    )]
    TicketExpired,
    /// It could not be looked up.
    #[error(transparent)]
    Failed(GatewayError),
}

impl Fault for KeyError {
    enlace_domain::fault_table! {
        Self::Invalid => Unauthenticated "key-invalid",
        Self::Expired => Unauthenticated "key-expired",
        Self::Changed => Unauthenticated "key-changed",
        Self::TicketInvalid => Unauthenticated "ticket-invalid",
        Self::TicketExpired => Unauthenticated "ticket-expired";
        Self::Failed(error) => error: GatewayError,
    }

    fn detail(&self) -> String {
        match self {
            Self::Failed(error) => error.detail(),
            other => other.to_string(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Failed(error) => error.retry_after(),
            _ => None,
        }
    }
}

impl From<KeyEnd> for KeyError {
    fn from(end: KeyEnd) -> Self {
        match end {
            KeyEnd::Revoked => Self::Invalid,
            KeyEnd::Expired => Self::Expired,
            KeyEnd::Changed => Self::Changed,
        }
    }
}

impl Gateway {
    /// The key, when it is one of ours and lives. Its use is recorded to the minute.
    pub(crate) async fn authenticate(&self, credential: &str) -> Result<Arc<ApiKey>, KeyError> {
        let found = self.parts.store.key_by_hash(&hash_key(credential)).await;
        let key = found.map_err(|error| KeyError::Failed(error.into()))?.ok_or(KeyError::Invalid)?;
        let now = self.parts.clock.now();
        if key.is_over(now) {
            return Err(KeyError::Expired);
        }
        if key.last_used_at.is_none_or(|last| now - last >= TimeDelta::minutes(1)) {
            // Nobody waits for it, and a full disk must not lock everybody out.
            let (store, id) = (Arc::clone(&self.parts.store), key.id.clone());
            tokio::spawn(async move {
                if let Err(error) = store.touch_key(&id, now).await {
                    tracing::warn!(key = %id, %error, "the use of a key could not be recorded");
                }
            });
        }
        Ok(Arc::new(key))
    }
}
