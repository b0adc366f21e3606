//! Keep a device that the network must still be told of, and drop it again.

use super::{Group, Halt, applied};
use crate::rows::retired_device;
use crate::sql::arguments;
use enlace_domain::id::RetiredId;
use enlace_domain::port::Committed;
use enlace_domain::retired::RetiredDevice;

impl Group<'_> {
    pub(super) async fn retire_device(&mut self, device: &RetiredDevice) -> Result<Committed, Halt> {
        let arguments = arguments(retired_device::values(device, &self.memory.sealing))?;
        let done = sqlx::query_with(retired_device::INSERT, arguments).execute(&mut *self.connection).await?;
        Ok(applied(done.rows_affected() > 0))
    }

    pub(super) async fn forget_device(&mut self, id: &RetiredId) -> Result<Committed, Halt> {
        let done = sqlx::query("DELETE FROM retired_device WHERE id = ?")
            .bind(id.as_str())
            .execute(&mut *self.connection)
            .await?;
        Ok(applied(done.rows_affected() > 0))
    }
}
