//! Signal: identities, sessions, pre-keys, signed pre-keys and sender keys.

use super::record::{self, Kind, listed};
use super::{Extra, SqliteKeyStore, database};
use async_trait::async_trait;
use bytes::Bytes;
use sqlx::Row;
use std::sync::Arc;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::SignalStore;

#[async_trait]
impl SignalStore for SqliteKeyStore {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.put(Kind::Identity, address.as_bytes(), &key, Extra::NONE).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let records = identities.iter().map(|(address, key)| (address.as_bytes(), key));
        self.put_rows(self.sealed(Kind::Identity, records, Extra::NONE)?).await
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        let key = self.get(Kind::Identity, address.as_bytes()).await?;
        key.map(|key| key.try_into().map_err(|_| unreadable("an identity key"))).transpose()
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.delete(Kind::Identity, vec![address.into()]).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        Ok(self.get(Kind::Session, address.as_bytes()).await?.map(Bytes::from))
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        self.put(Kind::Session, address.as_bytes(), session, Extra::NONE).await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        let records = sessions.iter().map(|(address, session)| (address.as_bytes(), session));
        self.put_rows(self.sealed(Kind::Session, records, Extra::NONE)?).await
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.delete(Kind::Session, vec![address.into()]).await
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        self.has(Kind::Session, address.as_bytes()).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        // Addresses are `user@server` and `user:device@server`; each range ends at the next character.
        let ranges = [":", ";", "@", "A"].map(|end| format!("{user}{end}").into_bytes().into());
        Ok(self.row(record::HAS_ADDRESS, ranges).await?.is_some())
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        self.put(Kind::PreKey, &id.to_be_bytes(), record, uploaded_is(uploaded)).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        let records = keys.iter().map(|(id, record)| (id.to_be_bytes(), record));
        self.put_rows(self.sealed(Kind::PreKey, records, uploaded_is(uploaded))?).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        Ok(self.get(Kind::PreKey, &id.to_be_bytes()).await?.map(Bytes::from))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let found = self.numbered(Kind::PreKey, Some(ids)).await?;
        Ok(found.into_iter().map(|(id, record)| (id, record.into())).collect())
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = listed(ids.iter().map(|id| id.to_be_bytes()));
        self.run(record::MARK_UPLOADED, [(Kind::PreKey as i64).into(), ids]).await?;
        Ok(())
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        self.delete(Kind::PreKey, vec![id.to_be_bytes().into()]).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        let row = self.row(record::LAST, [(Kind::PreKey as i64).into()]).await?;
        row.map_or(Ok(0), |row| number(row.try_get(0).map_err(database)?))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        self.put(Kind::SignedPreKey, &id.to_be_bytes(), record, Extra::NONE).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.get(Kind::SignedPreKey, &id.to_be_bytes()).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        self.numbered(Kind::SignedPreKey, None).await
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.delete(Kind::SignedPreKey, vec![id.to_be_bytes().into()]).await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        self.put(Kind::SenderKey, address.as_bytes(), record, Extra::NONE).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let records = sender_keys.iter().map(|(address, record)| (address.as_bytes(), record));
        self.put_rows(self.sealed(Kind::SenderKey, records, Extra::NONE)?).await
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        self.get(Kind::SenderKey, address.as_bytes()).await
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        self.delete(Kind::SenderKey, vec![address.into()]).await
    }
}

impl SqliteKeyStore {
    /// Records filed under numbers: those of `ids` that exist, or all.
    async fn numbered(&self, kind: Kind, ids: Option<&[u32]>) -> Result<Vec<(u32, Vec<u8>)>> {
        let rows = match ids {
            Some([]) => return Ok(Vec::new()),
            Some(ids) => {
                let ids = listed(ids.iter().map(|id| id.to_be_bytes()));
                self.rows(record::SOME, [(kind as i64).into(), ids]).await?
            }
            None => self.rows(record::ALL, [(kind as i64).into()]).await?,
        };
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let key: &[u8] = row.try_get(0).map_err(database)?;
            found.push((number(key)?, self.open(kind, key, row.try_get(1).map_err(database)?)?));
        }
        Ok(found)
    }
}

fn uploaded_is(uploaded: bool) -> Extra {
    Extra { uploaded: Some(uploaded), ..Extra::NONE }
}

/// Numbers are filed in big-endian order, so that the greatest is the last.
fn number(key: &[u8]) -> Result<u32> {
    key.try_into().map(u32::from_be_bytes).map_err(|_| unreadable("the number of a key"))
}

fn unreadable(what: &str) -> StoreError {
    StoreError::Validation(format!("{what} has a wrong length"))
}
