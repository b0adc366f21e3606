//! Append a record to the audit log, and drop what is too old.

use super::{Group, Halt, applied};
use crate::rows::{audit, integer};
use crate::sql::arguments;
use crate::writer::group::millis;
use chrono::TimeDelta;
use enlace_domain::audit::{AUDIT_KEEP_DAYS, AUDIT_KEEP_RECORDS, AuditRecord};
use enlace_domain::port::Committed;

/// Each walks an index from its beginning, so a record costs the same in a log of any length.
const DROP_MANY: &str = "DELETE FROM audit WHERE row <= ?";
const DROP_OLD: &str = "DELETE FROM audit WHERE at < ?";

impl Group<'_> {
    pub(super) async fn audit(&mut self, record: &AuditRecord) -> Result<Committed, Halt> {
        let done = sqlx::query_with(audit::INSERT, arguments(audit::values(record))?)
            .execute(&mut *self.connection)
            .await?;
        let last_to_drop = done.last_insert_rowid() - integer(AUDIT_KEEP_RECORDS);
        sqlx::query(DROP_MANY).bind(last_to_drop).execute(&mut *self.connection).await?;
        let first_to_keep = millis(self.now - TimeDelta::days(AUDIT_KEEP_DAYS));
        sqlx::query(DROP_OLD).bind(first_to_keep).execute(&mut *self.connection).await?;
        Ok(applied(true))
    }
}
