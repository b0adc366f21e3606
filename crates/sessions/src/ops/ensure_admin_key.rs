//! Makes the first admin key.

use super::create_key::rights;
use crate::by::entry;
use crate::secret_text::{hash_key, new_key};
use crate::{Gateway, GatewayError};
use enlace_domain::audit::{AuditAction, AuditRecord, Who};
use enlace_domain::clock::Timestamp;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::port::store::{Change, Entry};
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
        let now = self.parts.clock.now();
        let key = admin_key(&secret, now);
        let made = AuditRecord::new(&Who::default(), now, AuditAction::KeyCreated).target(&key.id);
        let made = entry(made.data(rights(&key)));
        let add = Entry { change: Change::AddKey(Box::new(key)), event: None };
        self.parts.store.commit(vec![add, made]).await?;
        Ok(if given { AdminKey::Set } else { AdminKey::Created(secret) })
    }
}

pub(crate) fn admin_key(secret: &SecretString, now: Timestamp) -> ApiKey {
    ApiKey {
        id: KeyId::random(),
        name: "admin".to_owned(),
        hash: hash_key(secret.expose_secret()),
        scopes: vec![Scope::Admin],
        sessions: None,
        created_at: now,
        expires_at: None,
        last_used_at: None,
    }
}
