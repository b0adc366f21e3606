//! Lists API keys.

use crate::{Gateway, GatewayError};
use enlace_domain::key::ApiKey;
use enlace_domain::page::{Page, PageRequest};

impl Gateway {
    /// A page of keys, oldest first.
    pub async fn keys(&self, page: &PageRequest) -> Result<Page<ApiKey>, GatewayError> {
        Ok(self.parts.store.keys(page).await?)
    }
}
