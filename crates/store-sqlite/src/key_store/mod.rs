//! WhatsApp's key stores for one session: wacore's five traits, 82 methods, a file per trait.
//!
//! Every write is one unit of the store's writer and durable when it returns. Everything that is a key, a secret or a
//! message is sealed for its session and its key, so that rows can't be read, swapped or moved.

mod app_sync;
mod device;
mod message_secret;
mod protocol;
mod record;
mod signal;

use crate::sealing::Place;
use crate::slot::Slot;
use crate::sql::{Value, arguments};
use crate::store::Inner;
use crate::writer::{Answer, Guard, Step, WriteError};
use enlace_domain::id::SessionId;
use record::{Kind, RECORD};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use wacore::store::error::{Result, StoreError};

/// The key stores of one session, for one WhatsApp client; made by [`crate::SqliteStore::key_store`].
///
/// It needs an existing session: without one, reads find nothing and writes fail. Once the session's keys are wiped or
/// the session is deleted, writes of a store that was in use before fail too.
pub struct SqliteKeyStore {
    store: Arc<Inner>,
    session: SessionId,
    bound: OnceLock<Guard>,
}

impl fmt::Debug for SqliteKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteKeyStore").field("session", &self.session).finish_non_exhaustive()
    }
}

impl SqliteKeyStore {
    pub(crate) fn new(store: Arc<Inner>, session: SessionId) -> Self {
        Self { store, session, bound: OnceLock::new() }
    }

    /// The session's number and the generation of its keys, fixed at the first use.
    fn guard(&self) -> Option<&Guard> {
        if self.bound.get().is_none() {
            let slot = self.store.slots.get(&self.session).filter(|slot: &Arc<Slot>| slot.is_live())?;
            let generation = slot.generation();
            self.bound.get_or_init(|| Guard { slot, generation });
        }
        self.bound.get()
    }

    /// The guard of a write, and the session's number as a value.
    fn target(&self) -> Result<(&Guard, Value)> {
        let guard = self.guard().ok_or_else(|| {
            StoreError::Validation("there is no session to keep these keys for; create it first".to_owned())
        })?;
        Ok((guard, guard.slot.number.into()))
    }

    async fn write(&self, guard: &Guard, steps: Vec<Step>) -> Result<Answer> {
        self.store.writer.run(Some(guard.clone()), steps).await.map_err(|error| match error {
            WriteError::Stale => StoreError::Validation(error.to_string()),
            WriteError::Closed => StoreError::Connection(Box::new(error)),
            WriteError::Failed(error) => StoreError::Database(Box::new(error)),
        })
    }

    /// Runs one statement whose first parameter is the session's number, and gives the affected rows.
    async fn run(&self, sql: &'static str, rest: impl IntoIterator<Item = Value>) -> Result<u64> {
        let (guard, number) = self.target()?;
        let values = std::iter::once(number).chain(rest).collect();
        Ok(self.write(guard, vec![Step::Run(sql, values)]).await?.rows)
    }

    /// Rows of a query whose first parameter is the session's number; none without a session.
    async fn rows(&self, sql: &'static str, rest: impl IntoIterator<Item = Value>) -> Result<Vec<SqliteRow>> {
        let Some(guard) = self.guard() else { return Ok(Vec::new()) };
        let number = Value::from(guard.slot.number);
        let arguments = arguments(std::iter::once(number).chain(rest)).map_err(database)?;
        sqlx::query_with(sql, arguments).fetch_all(&self.store.reads).await.map_err(database)
    }

    /// The only row, or none.
    async fn row(
        &self,
        sql: &'static str,
        rest: impl IntoIterator<Item = Value>,
    ) -> Result<Option<SqliteRow>> {
        Ok(self.rows(sql, rest).await?.pop())
    }

    fn seal(&self, kind: Kind, key: &[u8], plain: &[u8]) -> Vec<u8> {
        self.store.sealing.seal(Place { kind: kind as u8, session: self.session.as_str(), key }, plain)
    }

    fn open(&self, kind: Kind, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let place = Place { kind: kind as u8, session: self.session.as_str(), key };
        self.store.sealing.open(place, sealed).map_err(|error| StoreError::Serialization(Box::new(error)))
    }

    /// Opens the first column of a row.
    fn open_row(&self, kind: Kind, key: &[u8], row: &SqliteRow) -> Result<Vec<u8>> {
        self.open(kind, key, row.try_get(0).map_err(database)?)
    }

    /// The row of a record, for [`RECORD`].
    fn record(&self, number: &Value, kind: Kind, key: &[u8], plain: &[u8], extra: Extra) -> [Value; 6] {
        let sealed = self.seal(kind, key, plain);
        let Extra { at, uploaded } = extra;
        [number.clone(), (kind as i64).into(), key.to_vec().into(), sealed.into(), at.into(), uploaded.into()]
    }

    async fn put(&self, kind: Kind, key: &[u8], plain: &[u8], extra: Extra) -> Result<()> {
        self.put_rows(self.sealed(kind, [(key, plain)], extra)?).await
    }

    /// Rows for [`Self::put_rows`]. Sealing happens here, in the caller's task, not in the writer's.
    fn sealed<K: AsRef<[u8]>, P: AsRef<[u8]>>(
        &self,
        kind: Kind,
        records: impl IntoIterator<Item = (K, P)>,
        extra: Extra,
    ) -> Result<Vec<Value>> {
        let (_, number) = self.target()?;
        let records = records.into_iter();
        let mut values = Vec::with_capacity(6 * records.size_hint().0);
        for (key, plain) in records {
            values.extend(self.record(&number, kind, key.as_ref(), plain.as_ref(), extra));
        }
        Ok(values)
    }

    /// Writes records in one unit.
    async fn put_rows(&self, rows: Vec<Value>) -> Result<()> {
        if !rows.is_empty() {
            let (guard, _) = self.target()?;
            self.write(guard, vec![Step::Batch(&RECORD, rows)]).await?;
        }
        Ok(())
    }

    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let row = self.row(record::GET, [(kind as i64).into(), key.to_vec().into()]).await?;
        row.map(|row| self.open_row(kind, key, &row)).transpose()
    }

    async fn has(&self, kind: Kind, key: &[u8]) -> Result<bool> {
        Ok(self.row(record::HAS, [(kind as i64).into(), key.to_vec().into()]).await?.is_some())
    }

    async fn delete(&self, kind: Kind, keys: Vec<Vec<u8>>) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (guard, number) = self.target()?;
        let row = |key: Vec<u8>| -> [Value; 3] { [number.clone(), (kind as i64).into(), key.into()] };
        self.write(guard, vec![Step::Batch(&record::DELETE, keys.into_iter().flat_map(row).collect())])
            .await?;
        Ok(())
    }

    /// Deletes the records of a kind that are older than `before` (seconds). Nothing is written when there is none.
    async fn delete_older(&self, kind: Kind, before: i64) -> Result<u32> {
        let age = [Value::from(kind as i64), before.into()];
        if self.row(record::HAS_OLDER, age.clone()).await?.is_none() {
            return Ok(0);
        }
        Ok(count(self.run(record::DELETE_OLDER, age).await?))
    }
}

/// What is kept beside a record in the open.
#[derive(Clone, Copy, Debug, Default)]
struct Extra {
    /// When it was stored, in seconds, for kinds that are swept by age.
    at: Option<i64>,
    /// Whether a pre-key was uploaded.
    uploaded: Option<bool>,
}

impl Extra {
    const NONE: Self = Self { at: None, uploaded: None };

    /// Stamped with the library's own clock, against which it computes its cutoffs.
    fn now() -> Self {
        Self { at: Some(wacore::time::now_secs()), uploaded: None }
    }
}

fn database(error: sqlx::Error) -> StoreError {
    StoreError::Database(Box::new(error))
}

fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
