//! Makes the first admin key.

use crate::secret_text::{hash_key, new_key};
use crate::{Gateway, GatewayError};
use enlace_domain::clock::Clock;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::port::store::{Change, Entry, Store, StoreError};
use secrecy::{ExposeSecret, SecretString};

/// What became of the admin key at a start.
#[derive(Debug)]
pub enum AdminKey {
    /// One was made; show it once.
    Created(SecretString),
    /// The wanted one was stored.
    Set,
    /// There was one already.
    Exists,
    /// There was one already and the wanted one is not valid: it is ignored; warn.
    Differs,
}

impl Gateway {
    /// At the first start: stores the wanted admin key, or makes one. Later the wanted one is ignored.
    pub async fn ensure_admin_key(&self, wanted: Option<SecretString>) -> Result<AdminKey, GatewayError> {
        if self.parts.store.admin_keys().await? > 0 {
            let Some(wanted) = wanted else { return Ok(AdminKey::Exists) };
            let known = self.parts.store.key_by_hash(&hash_key(wanted.expose_secret())).await?;
            let still = known.is_some_and(|key| key.allows(Scope::Admin));
            return Ok(if still { AdminKey::Exists } else { AdminKey::Differs });
        }
        let given = wanted.is_some();
        let secret = wanted.unwrap_or_else(new_key);
        add_admin_key(self.parts.store.as_ref(), self.parts.clock.as_ref(), &secret).await?;
        Ok(if given { AdminKey::Set } else { AdminKey::Created(secret) })
    }
}

/// Makes another admin key and answers with it, once. Offline: the store belongs to no running gateway. Keys that exist
/// stay valid.
pub async fn reset_admin_key(store: &dyn Store, clock: &dyn Clock) -> Result<SecretString, StoreError> {
    let secret = new_key();
    add_admin_key(store, clock, &secret).await?;
    Ok(secret)
}

async fn add_admin_key(
    store: &dyn Store,
    clock: &dyn Clock,
    secret: &SecretString,
) -> Result<(), StoreError> {
    let key = ApiKey {
        id: KeyId::random(),
        name: "admin".to_owned(),
        hash: hash_key(secret.expose_secret()),
        scopes: vec![Scope::Admin],
        sessions: None,
        created_at: clock.now(),
        expires_at: None,
        last_used_at: None,
    };
    store.commit(vec![Entry { change: Change::AddKey(Box::new(key)), event: None }]).await?;
    Ok(())
}
