//! Change or remove an API key, unless it is the last that rules keys for good.

use super::{Group, Halt, applied};
use crate::rows::api_key;
use crate::sql::arguments;
use enlace_domain::id::KeyId;
use enlace_domain::key::{ApiKey, KeyChange};
use enlace_domain::port::{Committed, StoreError};

/// What [`ApiKey::rules_for_good`] says, of the other keys.
const ANOTHER_RULES: &str = "SELECT 1 FROM api_key \
     WHERE is_admin AND sessions IS NULL AND expires_at IS NULL AND id <> ? LIMIT 1";

impl Group<'_> {
    pub(super) async fn change_key(&mut self, id: &KeyId, change: &KeyChange) -> Result<Committed, Halt> {
        let key = self.key_to_change(id).await?;
        let changed = change.apply(&key);
        if key.rules_for_good() && !changed.rules_for_good() {
            self.need_another_ruler(id).await?;
        }
        let arguments = arguments(api_key::changed(&changed))?;
        sqlx::query_with(api_key::CHANGE, arguments).execute(&mut *self.connection).await?;
        Ok(applied(true))
    }

    pub(super) async fn revoke_key(&mut self, id: &KeyId) -> Result<Committed, Halt> {
        if self.key_to_change(id).await?.rules_for_good() {
            self.need_another_ruler(id).await?;
        }
        sqlx::query("DELETE FROM api_key WHERE id = ?")
            .bind(id.as_str())
            .execute(&mut *self.connection)
            .await?;
        Ok(applied(true))
    }

    async fn key_to_change(&mut self, id: &KeyId) -> Result<ApiKey, Halt> {
        let row = sqlx::query("SELECT * FROM api_key WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(&mut *self.connection)
            .await?;
        let row = row.ok_or_else(|| Halt::Refused(StoreError::KeyNotFound(id.clone())))?;
        api_key::read(&row).map_err(|error| Halt::Broken(sqlx::Error::Decode(error.into())))
    }

    async fn need_another_ruler(&mut self, than: &KeyId) -> Result<(), Halt> {
        let other =
            sqlx::query(ANOTHER_RULES).bind(than.as_str()).fetch_optional(&mut *self.connection).await?;
        other.map(drop).ok_or(Halt::Refused(StoreError::LastAdminKey))
    }
}
