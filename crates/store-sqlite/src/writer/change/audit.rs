//! Append a record to the audit log, and drop what is too old.

use super::{Group, Halt, applied};
use crate::rows::{audit, integer};
use crate::sql::arguments;
use crate::writer::group::millis;
use chrono::TimeDelta;
use enlace_domain::audit::{AUDIT_KEEP_DAYS, AUDIT_KEEP_RECORDS, AUDIT_KEEP_WITNESSES, AuditRecord};
use enlace_domain::port::Committed;

/// Each walks an index from its beginning, so a record costs the same in a log of any length.
const DROP_MANY: &str = "DELETE FROM audit WHERE row <= ?";
const DROP_OLD: &str = "DELETE FROM audit WHERE at < ?";
/// A clock that is wrong for a moment must not empty the log: so many records in a row have to agree that it is late.
const LATE: &str = "SELECT min(at) FROM (SELECT at FROM audit ORDER BY row DESC LIMIT ?)";

impl Group<'_> {
    pub(super) async fn audit(&mut self, record: &AuditRecord) -> Result<Committed, Halt> {
        let done = sqlx::query_with(audit::INSERT, arguments(audit::values(record))?)
            .execute(&mut *self.connection)
            .await?;
        let last_to_drop = done.last_insert_rowid() - integer(AUDIT_KEEP_RECORDS);
        sqlx::query(DROP_MANY).bind(last_to_drop).execute(&mut *self.connection).await?;
        let witnesses = integer(AUDIT_KEEP_WITNESSES);
        let agreed: i64 = sqlx::query_scalar(LATE).bind(witnesses).fetch_one(&mut *self.connection).await?;
        let late = agreed.min(millis(self.now));
        let first_to_keep = late - TimeDelta::days(AUDIT_KEEP_DAYS).num_milliseconds();
        sqlx::query(DROP_OLD).bind(first_to_keep).execute(&mut *self.connection).await?;
        Ok(applied(true))
    }
}
