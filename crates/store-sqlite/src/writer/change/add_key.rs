//! Insert an API key. One with a known id or hash has no effect.

use super::{Group, Halt, applied};
use crate::rows::api_key;
use crate::sql::arguments;
use enlace_domain::key::ApiKey;
use enlace_domain::port::Committed;

impl Group<'_> {
    pub(super) async fn add_key(&mut self, key: &ApiKey) -> Result<Committed, Halt> {
        let arguments = arguments(api_key::values(key))?;
        let done = sqlx::query_with(api_key::INSERT, arguments).execute(&mut *self.connection).await?;
        Ok(applied(done.rows_affected() > 0))
    }
}
