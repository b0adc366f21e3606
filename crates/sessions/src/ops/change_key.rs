//! Changes an API key; what it keeps open and may no longer see is ended.

use super::create_key::{checked_end, checked_name, checked_scopes, rights};
use crate::by::{By, entry};
use crate::{GatewayError, to_the_end::to_the_end};
use enlace_domain::audit::AuditAction;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, KeyChange};
use enlace_domain::port::store::{Change, Entry, StoreError};
use std::sync::Arc;

impl By<'_> {
    /// Applies a change and gives the key as it is then. Errors: `key-not-found`, `last-admin-key`, `invalid-field`.
    pub async fn change_key(&self, id: &KeyId, change: KeyChange) -> Result<ApiKey, GatewayError> {
        let parts = Arc::clone(&self.gateway.parts);
        let end = change.expires_at;
        let change = KeyChange {
            name: change.name.as_deref().map(checked_name).transpose()?,
            scopes: change.scopes.map(checked_scopes).transpose()?,
            sessions: change.sessions,
            expires_at: end.map(|end| checked_end(end, parts.clock.now())).transpose()?,
        };
        let before = parts.store.key(id).await?.ok_or_else(|| StoreError::KeyNotFound(id.clone()))?;
        let record = self.record(AuditAction::KeyChanged).target(id).data(rights(&change.apply(&before)));
        let change = Entry { change: Change::ChangeKey { id: id.clone(), change }, event: None };
        let (keys, id) = (Arc::clone(&self.gateway.keys), id.clone());
        // A caller who hangs up in the middle must not leave streams open that the key may no longer read.
        to_the_end(async move {
            parts.store.commit(vec![change, entry(record)]).await?;
            keys.changed();
            Ok(parts.store.key(&id).await?.ok_or(StoreError::KeyNotFound(id))?)
        })
        .await
    }
}
