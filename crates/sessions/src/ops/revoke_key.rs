//! Revokes an API key: it is refused from now on, and what it keeps open is ended.

use crate::by::{By, entry};
use crate::{GatewayError, to_the_end::to_the_end};
use enlace_domain::audit::AuditAction;
use enlace_domain::id::KeyId;
use enlace_domain::port::store::{Change, Entry, StoreError};
use serde_json::json;
use std::sync::Arc;

impl By<'_> {
    /// Removes a key for good. Errors: `key-not-found`, `last-admin-key`.
    pub async fn revoke_key(&self, id: &KeyId) -> Result<(), GatewayError> {
        let (parts, keys) = (Arc::clone(&self.gateway.parts), Arc::clone(&self.gateway.keys));
        let key = parts.store.key(id).await?.ok_or_else(|| StoreError::KeyNotFound(id.clone()))?;
        let record = self.record(AuditAction::KeyRevoked).target(id).data(json!({ "name": key.name }));
        let id = id.clone();
        let revoke = Entry { change: Change::RevokeKey(id.clone()), event: None };
        to_the_end(async move {
            parts.store.commit(vec![revoke, entry(record)]).await?;
            keys.tickets.forget(&id);
            keys.changed();
            Ok(())
        })
        .await
    }
}
