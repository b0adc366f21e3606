//! Makes a new admin key in place of all earlier ones, without a running gateway.

use super::create_key::rights;
use super::ensure_admin_key::admin_key;
use crate::by::entry;
use crate::secret_text::new_key;
use enlace_domain::audit::{AuditAction, AuditRecord, Who};
use enlace_domain::clock::Clock;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::page::{PAGE_SIZE_MAX, PageRequest};
use enlace_domain::port::store::{Change, Entry, Store, StoreError};
use secrecy::SecretString;
use serde_json::json;

/// A new admin key, and how many it replaced.
#[derive(Debug)]
pub struct AdminKeyReset {
    /// The key; show it once.
    pub key: SecretString,
    /// How many earlier keys with scope `admin` were revoked.
    pub revoked: usize,
}

/// Makes an admin key and revokes every earlier one, all or nothing. The store belongs to no running gateway.
pub async fn reset_admin_key(store: &dyn Store, clock: &dyn Clock) -> Result<AdminKeyReset, StoreError> {
    let earlier: Vec<_> =
        all_keys(store).await?.into_iter().filter(|key| key.scopes.contains(&Scope::Admin)).collect();
    let (secret, now) = (new_key(), clock.now());
    let key = admin_key(&secret, now);
    let record = |action| AuditRecord::new(&Who::default(), now, action);
    let by = |record: AuditRecord, data| entry(record.data(data));
    let made = by(record(AuditAction::KeyCreated).target(&key.id), rights(&key));
    // The new one first: the last admin key can't be revoked.
    let mut unit = vec![Entry { change: Change::AddKey(Box::new(key)), event: None }, made];
    for old in &earlier {
        unit.push(Entry { change: Change::RevokeKey(old.id.clone()), event: None });
        let revoked = record(AuditAction::KeyRevoked).target(&old.id);
        unit.push(by(revoked, json!({ "name": old.name })));
    }
    store.commit(unit).await?;
    Ok(AdminKeyReset { key: secret, revoked: earlier.len() })
}

/// Every key, oldest first.
pub async fn all_keys(store: &dyn Store) -> Result<Vec<ApiKey>, StoreError> {
    let (mut keys, mut page) = (Vec::new(), PageRequest { size: PAGE_SIZE_MAX, token: None });
    loop {
        let found = store.keys(&page).await?;
        keys.extend(found.items);
        page.token = found.next_page_token;
        if page.token.is_none() {
            return Ok(keys);
        }
    }
}
