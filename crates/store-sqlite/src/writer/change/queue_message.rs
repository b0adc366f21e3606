//! Insert a message of ours, once per idempotency key.

use super::{Group, Halt, applied};
use crate::rows::message;
use crate::sql::{Batch, Value};
use crate::writer::group::millis;
use chrono::TimeDelta;
use enlace_domain::id::MessageId;
use enlace_domain::message::Message;
use enlace_domain::port::{Committed, IdempotencyKey, StoreError};
use sqlx::Row;

/// Remembers a key, in place of an expired one.
pub(in crate::writer) static IDEMPOTENCY: Batch = Batch::new(
    "INSERT OR REPLACE INTO idempotency (session, key, fingerprint, message, expires_at) VALUES ",
    5,
    "",
);
/// How often expired keys are swept.
const SWEEP_EVERY: TimeDelta = TimeDelta::minutes(1);

impl Group<'_> {
    pub(super) async fn queue_message(
        &mut self,
        message: &Message,
        idempotency: Option<&IdempotencyKey>,
    ) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(&message.session) else {
            return Err(Halt::Refused(StoreError::SessionNotFound(message.session.clone())));
        };
        self.flush().await?;
        if let Some(key) = idempotency
            && let Some((fingerprint, earlier)) = self.earlier(slot.number, key).await?
        {
            if fingerprint != key.fingerprint {
                return Err(Halt::Refused(StoreError::IdempotencyMismatch));
            }
            return Ok(Committed { earlier: Some(earlier), ..Committed::default() });
        }
        let inserted = self.insert_message(slot.number, message).await?;
        if inserted && let Some(key) = idempotency {
            let values = idempotency_values(slot.number, key, &message.id);
            IDEMPOTENCY.run(self.connection, values.into()).await?;
        }
        Ok(applied(inserted))
    }

    /// Inserts a message unless it is known.
    pub(super) async fn insert_message(
        &mut self,
        session: i64,
        message: &Message,
    ) -> Result<bool, sqlx::Error> {
        let done = message::INSERT.insert(self.connection, message::values(session, message)).await?;
        Ok(done.iter().any(|done| done.new > 0))
    }

    async fn earlier(
        &mut self,
        session: i64,
        key: &IdempotencyKey,
    ) -> Result<Option<(Vec<u8>, MessageId)>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT fingerprint, message FROM idempotency WHERE session = ? AND key = ? AND expires_at > ?",
        )
        .bind(session)
        .bind(key.key.as_str())
        .bind(millis(self.now))
        .fetch_optional(&mut *self.connection)
        .await?;
        row.map(|row| Ok((row.try_get(0)?, MessageId::from_text(row.try_get::<String, _>(1)?)))).transpose()
    }

    /// Removes expired keys once in a while.
    pub(in crate::writer) async fn sweep(&mut self) -> Result<(), sqlx::Error> {
        if self.is_sweep_due() {
            sqlx::query("DELETE FROM idempotency WHERE expires_at <= ?")
                .bind(millis(self.now))
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    fn is_sweep_due(&self) -> bool {
        let mut next = self.memory.next_sweep.lock();
        let due = self.now >= *next;
        if due {
            *next = self.now + SWEEP_EVERY;
        }
        due
    }
}

/// The values of a key's row, in the order of [`IDEMPOTENCY`].
pub(in crate::writer) fn idempotency_values(
    session: i64,
    key: &IdempotencyKey,
    message: &MessageId,
) -> [Value; 5] {
    [
        session.into(),
        key.key.as_str().into(),
        key.fingerprint.to_vec().into(),
        message.as_str().into(),
        millis(key.expires_at).into(),
    ]
}
