//! Makes a key that ends by itself, for a program of the gateway's own operator that runs for a moment.

use crate::secret_text::{hash_key, new_key};
use crate::{Gateway, GatewayError};
use chrono::TimeDelta;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::port::store::{Change, Entry};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

impl Gateway {
    /// A key of every session with these scopes, valid for so long.
    pub async fn temporary_key(
        &self,
        name: &str,
        scopes: &[Scope],
        valid_for: Duration,
    ) -> Result<SecretString, GatewayError> {
        let secret = new_key();
        let now = self.parts.clock.now();
        let key = ApiKey {
            id: KeyId::random(),
            name: name.to_owned(),
            hash: hash_key(secret.expose_secret()),
            scopes: scopes.to_vec(),
            sessions: None,
            created_at: now,
            expires_at: Some(now + TimeDelta::from_std(valid_for).unwrap_or(TimeDelta::MAX)),
            last_used_at: None,
        };
        self.parts.store.commit(vec![Entry { change: Change::AddKey(Box::new(key)), event: None }]).await?;
        Ok(secret)
    }
}
