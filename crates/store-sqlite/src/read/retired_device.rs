//! Reading retired devices.

use crate::rows::retired_device;
use crate::sealing::SealingKey;
use crate::writer::failure;
use enlace_domain::port::StoreError;
use enlace_domain::retired::RetiredDevice;
use sqlx::SqlitePool;

pub(crate) async fn all(reads: &SqlitePool, sealing: &SealingKey) -> Result<Vec<RetiredDevice>, StoreError> {
    let rows = sqlx::query("SELECT * FROM retired_device ORDER BY since_at, id")
        .fetch_all(reads)
        .await
        .map_err(failure)?;
    rows.iter().map(|row| Ok(retired_device::read(row, sealing)?)).collect()
}
