//! The device: who this session is to WhatsApp. One sealed record, JSON inside, because its own type reads older and
//! newer forms of itself from named fields.

use super::app_sync::to_json;
use super::record::{INSERT_IF_NONE, Kind};
use super::{Extra, SqliteKeyStore};
use crate::writer::Step;
use async_trait::async_trait;
use secrecy::zeroize::Zeroizing;
use wacore::stats::StorageResourceReport;
use wacore::store::Device;
use wacore::store::error::Result;
use wacore::store::traits::DeviceStore;

#[async_trait]
impl DeviceStore for SqliteKeyStore {
    async fn save(&self, device: &Device) -> Result<()> {
        self.put(Kind::Device, &[], &Zeroizing::new(to_json(device)?), Extra::NONE).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        self.get_json(Kind::Device, &[]).await
    }

    async fn exists(&self) -> Result<bool> {
        self.has(Kind::Device, &[]).await
    }

    async fn create(&self) -> Result<i32> {
        let (guard, number) = self.target()?;
        let plain = Zeroizing::new(to_json(&Device::new())?);
        let row = self.record(&number, Kind::Device, &[], &plain, Extra::NONE);
        self.write(guard, vec![Step::Run(INSERT_IF_NONE, row.into())]).await?;
        Ok(i32::try_from(guard.slot.number).unwrap_or(i32::MAX))
    }

    async fn snapshot_db(&self, _name: &str, _extra_content: Option<&[u8]>) -> Result<()> {
        // A copy of the file would hold every other session too, and a backup of keys must never be restored.
        Ok(())
    }

    async fn resource_report(&self) -> StorageResourceReport {
        // The page cache belongs to the gateway, whatever the number of sessions.
        StorageResourceReport { memory_bytes: Some(0), ..StorageResourceReport::default() }
    }
}
