//! Reading API keys.

use crate::rows::api_key;
use crate::writer::failure;
use enlace_domain::key::ApiKey;
use enlace_domain::port::StoreError;
use sqlx::{Row, SqlitePool};

pub(crate) async fn by_hash(reads: &SqlitePool, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query("SELECT * FROM api_key WHERE hash = ?")
        .bind(&hash[..])
        .fetch_optional(reads)
        .await
        .map_err(failure)?;
    Ok(row.as_ref().map(api_key::read).transpose()?)
}

pub(crate) async fn admins(reads: &SqlitePool) -> Result<u64, StoreError> {
    let row =
        sqlx::query("SELECT count(*) FROM api_key WHERE is_admin").fetch_one(reads).await.map_err(failure)?;
    Ok(row.try_get::<i64, _>(0).map_err(failure)?.unsigned_abs())
}
