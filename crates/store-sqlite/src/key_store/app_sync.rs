//! App state: sync keys, collection versions and mutation MACs.

use super::record::{Kind, RECORD, listed};
use super::{Extra, SqliteKeyStore, database};
use crate::rows::integer;
use crate::sql::{Batch, Value};
use crate::writer::Step;
use async_trait::async_trait;
use sqlx::Row;
use std::collections::HashMap;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{AppStateSyncKey, AppSyncStore};

static MAC: Batch = Batch::new(
    "INSERT INTO wa_mutation_mac (session, collection, index_mac, version, value_mac) VALUES ",
    5,
    " ON CONFLICT (session, collection, index_mac) \
     DO UPDATE SET version = excluded.version, value_mac = excluded.value_mac",
);
const GET_MAC: &str =
    "SELECT value_mac FROM wa_mutation_mac WHERE session = ? AND collection = ? AND index_mac = ?";
const GET_MACS: &str = "SELECT index_mac, value_mac FROM wa_mutation_mac WHERE session = ? AND collection = ? \
     AND index_mac IN (SELECT unhex(value) FROM json_each(?))";
const DELETE_MACS: &str = "DELETE FROM wa_mutation_mac WHERE session = ? AND collection = ? \
     AND index_mac IN (SELECT unhex(value) FROM json_each(?))";
const CLEAR_MACS: &str = "DELETE FROM wa_mutation_mac WHERE session = ? AND collection = ?";

#[async_trait]
impl AppSyncStore for SqliteKeyStore {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        self.get_json(Kind::SyncKey, key_id).await
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        let (guard, number) = self.target()?;
        let mut rows = Vec::from(self.record(&number, Kind::SyncKey, key_id, &to_json(&key)?, Extra::NONE));
        rows.extend(self.record(&number, Kind::LatestSyncKey, &[], key_id, Extra::NONE));
        self.write(guard, vec![Step::Batch(&RECORD, rows)]).await?;
        Ok(())
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        Ok(self.get_json(Kind::SyncVersion, name.as_bytes()).await?.unwrap_or_default())
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        self.put(Kind::SyncVersion, name.as_bytes(), &to_json(&state)?, Extra::NONE).await
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Result<()> {
        if mutations.is_empty() {
            return Ok(());
        }
        let (guard, number) = self.target()?;
        let row = |mac: &AppStateMutationMAC| -> [Value; 5] {
            [
                number.clone(),
                name.into(),
                mac.index_mac.clone().into(),
                integer(version).into(),
                mac.value_mac.clone().into(),
            ]
        };
        self.write(guard, vec![Step::Batch(&MAC, mutations.iter().flat_map(row).collect())]).await?;
        Ok(())
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        let row = self.row(GET_MAC, [name.into(), index_mac.to_vec().into()]).await?;
        row.map(|row| row.try_get(0).map_err(database)).transpose()
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        if index_macs.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self.rows(GET_MACS, [name.into(), listed(index_macs)]).await?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let index_mac: &[u8] = row.try_get(0).map_err(database)?;
            if let Ok(index_mac) = index_mac.try_into() {
                found.insert(index_mac, row.try_get(1).map_err(database)?);
            }
        }
        Ok(found)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        if index_macs.is_empty() {
            return Ok(());
        }
        self.run(DELETE_MACS, [name.into(), listed(index_macs)]).await?;
        Ok(())
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        self.run(CLEAR_MACS, [name.into()]).await?;
        Ok(())
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        self.get(Kind::LatestSyncKey, &[]).await
    }
}

impl SqliteKeyStore {
    /// A sealed record that is JSON inside.
    pub(super) async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        kind: Kind,
        key: &[u8],
    ) -> Result<Option<T>> {
        let plain = self.get(kind, key).await?;
        plain.map(|plain| serde_json::from_slice(&plain).map_err(serialization)).transpose()
    }
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(serialization)
}

fn serialization(error: serde_json::Error) -> StoreError {
    StoreError::Serialization(Box::new(error))
}
