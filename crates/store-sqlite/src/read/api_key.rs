//! Reading API keys.

use super::{cut, limit, start};
use crate::page_token::{Position, mark};
use crate::rows::api_key;
use crate::writer::failure;
use enlace_domain::id::KeyId;
use enlace_domain::key::ApiKey;
use enlace_domain::page::{Page, PageRequest};
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

pub(crate) async fn one(reads: &SqlitePool, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query("SELECT * FROM api_key WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(reads)
        .await
        .map_err(failure)?;
    Ok(row.as_ref().map(api_key::read).transpose()?)
}

pub(crate) async fn page(reads: &SqlitePool, page: &PageRequest) -> Result<Page<ApiKey>, StoreError> {
    let mark = mark("keys");
    let start = start(page, mark, Position { at: i64::MIN, id: String::new() })?;
    let rows =
        sqlx::query("SELECT * FROM api_key WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?")
            .bind(start.at)
            .bind(start.id)
            .bind(limit(page))
            .fetch_all(reads)
            .await
            .map_err(failure)?;
    let keys = rows.iter().map(|row| Ok(api_key::read(row)?)).collect::<Result<Vec<_>, StoreError>>()?;
    let position =
        |key: &ApiKey| Position { at: key.created_at.timestamp_millis(), id: key.id.as_str().to_owned() };
    Ok(cut(keys, page, mark, position))
}

pub(crate) async fn admins(reads: &SqlitePool) -> Result<u64, StoreError> {
    let row =
        sqlx::query("SELECT count(*) FROM api_key WHERE is_admin").fetch_one(reads).await.map_err(failure)?;
    Ok(row.try_get::<i64, _>(0).map_err(failure)?.unsigned_abs())
}
