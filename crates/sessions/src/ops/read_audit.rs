//! Reads the audit log.

use crate::{Gateway, GatewayError};
use enlace_domain::audit::{AuditFilter, AuditRecord};
use enlace_domain::page::{Page, PageRequest};

impl Gateway {
    /// A page of the audit log, newest first.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditRecord>, GatewayError> {
        Ok(self.parts.store.audit(filter, page).await?)
    }
}
