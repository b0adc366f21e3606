//! The one writer. Units of change arrive over a bounded channel; the writer takes all that wait, applies them in one
//! transaction, flushes the disk once, tells the sink of the events in order, and answers everybody.
//!
//! A unit that is refused leaves nothing and harms no other. If one breaks the transaction, all is rolled back and each
//! is tried again alone, so that one bad unit can't fail its neighbours.

mod bulk;
mod change;
mod group;
mod staged;
mod steps;

pub(crate) use group::Memory;
pub(crate) use steps::{Answer, Guard, Step, WriteError};

use enlace_domain::clock::Clock;
use enlace_domain::port::{Committed, Entry, EventSink, StoreError};
use group::{Group, Outcome};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Units that may wait; beyond it, callers wait to hand theirs in.
const WAITING_MAX: usize = 1024;
/// Units in one transaction, so that the first of a long queue is not kept waiting for the last.
const GROUP_MAX: usize = 256;

/// What the writer has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterCounts {
    /// Units applied: calls of the port or of a key store that wrote.
    pub units: u64,
    /// Transactions committed; fewer than units where units shared one.
    pub commits: u64,
}

#[derive(Debug, Default)]
struct Counts {
    units: AtomicU64,
    commits: AtomicU64,
}

/// Something to apply whole or not at all, and where to answer.
enum Unit {
    Entries { entries: Vec<Entry>, reply: oneshot::Sender<Result<Vec<Committed>, StoreError>> },
    Steps { guard: Option<Guard>, steps: Vec<Step>, reply: oneshot::Sender<Result<Answer, WriteError>> },
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    units: mpsc::Sender<Unit>,
    counts: Arc<Counts>,
}

impl WriterHandle {
    /// Commits entries of the port.
    pub(crate) async fn commit(&self, entries: Vec<Entry>) -> Result<Vec<Committed>, StoreError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        self.units.send(Unit::Entries { entries, reply }).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs statements in one transaction; refused when `guard` is stale.
    pub(crate) async fn run(&self, guard: Option<Guard>, steps: Vec<Step>) -> Result<Answer, WriteError> {
        let (reply, answer) = oneshot::channel();
        self.units.send(Unit::Steps { guard, steps, reply }).await.map_err(|_| WriteError::Closed)?;
        answer.await.map_err(|_| WriteError::Closed)?
    }

    pub(crate) fn counts(&self) -> WriterCounts {
        WriterCounts {
            units: self.counts.units.load(Ordering::Relaxed),
            commits: self.counts.commits.load(Ordering::Relaxed),
        }
    }
}

/// The writer's own side.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) memory: Memory,
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held locked until the connection is closed.
    pub(crate) lock: File,
}

impl Writer {
    /// Starts the writer; it ends when every handle is gone, or after `stop` when it has answered all that waited.
    ///
    /// It has a thread of its own: a transaction is a row of short waits, and on the shared runtime each of them would
    /// queue behind whatever else is busy there. The receiver resolves when it has ended.
    pub(crate) fn start(
        self,
        stop: CancellationToken,
    ) -> std::io::Result<(WriterHandle, oneshot::Receiver<()>)> {
        let (units, waiting) = mpsc::channel(WAITING_MAX);
        let counts = Arc::new(Counts::default());
        let handle = WriterHandle { units, counts: Arc::clone(&counts) };
        let runtime = tokio::runtime::Handle::current();
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            runtime.block_on(self.work(waiting, counts, stop));
            drop(ended);
        })?;
        Ok((handle, end))
    }

    async fn work(mut self, mut waiting: mpsc::Receiver<Unit>, counts: Arc<Counts>, stop: CancellationToken) {
        let mut units = Vec::with_capacity(GROUP_MAX);
        loop {
            tokio::select! {
                taken = waiting.recv_many(&mut units, GROUP_MAX) => if taken == 0 { break },
                () = stop.cancelled(), if !waiting.is_closed() => waiting.close(),
            }
            if !units.is_empty() {
                self.apply(&mut units, &counts).await;
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database did not close cleanly; the next start repairs it");
        }
        drop(self.lock);
    }

    /// Applies units together; when one of them breaks the transaction, each alone.
    async fn apply(&mut self, units: &mut Vec<Unit>, counts: &Counts) {
        let together = self.transact(units, counts).await;
        let alone = units.len() > 1 && together.as_ref().is_err_and(is_of_one_unit);
        match together {
            Ok(outcomes) => {
                for (unit, outcome) in units.drain(..).zip(outcomes) {
                    unit.answer(outcome);
                }
            }
            Err(error) if alone => {
                tracing::warn!(%error, units = units.len(), "a group of writes failed; trying each alone");
                for unit in units.drain(..) {
                    match self.transact(std::slice::from_ref(&unit), counts).await {
                        Ok(mut outcomes) => {
                            let outcome = outcomes.pop().expect("a unit has an outcome");
                            unit.answer(outcome);
                        }
                        Err(error) => unit.fail(Arc::new(error)),
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, units = units.len(), "writes failed");
                let error = Arc::new(error);
                units.drain(..).for_each(|unit| unit.fail(Arc::clone(&error)));
            }
        }
    }

    /// One transaction. On an error nothing of it is stored and memory is as before.
    async fn transact(&mut self, units: &[Unit], counts: &Counts) -> Result<Vec<Outcome>, sqlx::Error> {
        let mut group = Group::begin(&mut self.connection, &self.memory, self.clock.now()).await?;
        let applied = group.apply_all(units).await;
        let (outcomes, staged) = group.end(applied).await?;
        counts.units.fetch_add(units.len() as u64, Ordering::Relaxed);
        counts.commits.fetch_add(1, Ordering::Relaxed);
        let events = self.memory.absorb(staged);
        if !events.is_empty() && catch_unwind(AssertUnwindSafe(|| self.sink.committed(&events))).is_err() {
            tracing::error!("the event sink panicked; the events are stored");
        }
        Ok(outcomes)
    }
}

impl Unit {
    fn answer(self, outcome: Outcome) {
        // A caller that went away has its change all the same.
        match (self, outcome) {
            (Self::Entries { reply, .. }, Outcome::Entries(result)) => drop(reply.send(result)),
            (Self::Steps { reply, .. }, Outcome::Steps(result)) => drop(reply.send(result)),
            (Self::Entries { .. }, Outcome::Steps(_)) | (Self::Steps { .. }, Outcome::Entries(_)) => {
                unreachable!("outcomes are made in the order of their units")
            }
        }
    }

    fn fail(self, error: Arc<sqlx::Error>) {
        match self {
            Self::Entries { reply, .. } => drop(reply.send(Err(failure(error)))),
            Self::Steps { reply, .. } => drop(reply.send(Err(WriteError::Failed(error)))),
        }
    }
}

/// SQLite's primary result codes for what is the matter with the machine, not with a statement: busy, locked, out of
/// memory, read-only, input or output failed, corrupt, full, can't open, not a database.
const OF_THE_MACHINE: [i64; 9] = [5, 6, 7, 8, 10, 11, SQLITE_FULL, 14, 26];
const SQLITE_FULL: i64 = 13;

/// Whether the failure may lie in one unit, so that the others can still succeed.
fn is_of_one_unit(error: &sqlx::Error) -> bool {
    primary_code(error).is_none_or(|code| !OF_THE_MACHINE.contains(&code))
}

/// The port's error for a failed statement.
pub(crate) fn failure(error: impl Into<Arc<sqlx::Error>>) -> StoreError {
    let error = error.into();
    match (primary_code(&error), error.as_ref()) {
        (Some(SQLITE_FULL), _) => StoreError::Full,
        (_, sqlx::Error::PoolClosed) => StoreError::Closed,
        _ => StoreError::Failed(Box::new(error)),
    }
}

/// SQLite's primary result code.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i64> {
    let code: i64 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SealingKey, SqliteStore};
    use enlace_domain::clock::SystemClock;
    use enlace_domain::event::EventFilter;
    use enlace_domain::port::{Change, Store};
    use enlace_testkit::store_contract::{Heard, event, session, session_id};

    #[tokio::test]
    async fn a_unit_that_breaks_the_transaction_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (heard, key) = (Arc::<Heard>::default(), SealingKey::from_bytes(&[1; 32]));
        let path = folder.path().join("enlace.db");
        let store = SqliteStore::open(&path, key, heard.clone(), Arc::new(SystemClock)).await.unwrap();
        let ana = session_id("ana");
        let create =
            Entry { change: Change::CreateSession(Box::new(session(&ana))), event: Some(event(&ana)) };
        let tell = || Entry { change: Change::None, event: Some(event(&ana)) };
        let broken = vec![
            Step::Run("INSERT INTO meta (name, value) VALUES ('left', 1)", Vec::new()),
            Step::Run("INSERT INTO no_such_table VALUES (1)", Vec::new()),
        ];
        // A single-threaded runtime hands all of them in before the first is answered.
        let (before, created, failed, after) = tokio::join!(
            store.commit(vec![tell()]),
            store.commit(vec![create, tell()]),
            store.inner.writer.run(None, broken),
            store.commit(vec![tell()]),
        );
        assert!(matches!(failed, Err(WriteError::Failed(_))), "{failed:?}");
        assert_eq!(before.unwrap().len() + created.unwrap().len() + after.unwrap().len(), 4);
        let log = store.events_after(0, &EventFilter::default(), 10).await.unwrap();
        assert_eq!(log.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(heard.events(), log, "each was heard once");
        let left =
            sqlx::query("SELECT 1 FROM meta WHERE name = 'left'").fetch_optional(&store.inner.reads).await;
        assert!(left.unwrap().is_none(), "nothing of the broken unit is left");
        assert!(store.session(&ana).await.unwrap().is_some());
    }
}
