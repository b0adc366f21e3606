//! Reads one API key.

use crate::{Gateway, GatewayError};
use enlace_domain::id::KeyId;
use enlace_domain::key::ApiKey;
use enlace_domain::port::store::StoreError;

impl Gateway {
    /// The key's record; the key itself is known to nobody here.
    pub async fn key(&self, id: &KeyId) -> Result<ApiKey, GatewayError> {
        Ok(self.parts.store.key(id).await?.ok_or_else(|| StoreError::KeyNotFound(id.clone()))?)
    }
}
