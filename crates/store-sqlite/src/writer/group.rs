//! One transaction of the writer, and what the writer remembers between transactions.

use super::Unit;
use super::staged::Staged;
use super::steps::{Answer, Pending, WriteError};
use crate::rows::event;
use crate::sealing::SealingKey;
use crate::slot::{Slot, Slots};
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{Event, NewEvent};
use enlace_domain::id::{EventId, SessionId};
use enlace_domain::port::{Change, Committed, Entry, StoreError};
use parking_lot::Mutex;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;
use std::sync::Arc;

/// What the writer remembers, always equal to what is committed.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) slots: Arc<Slots>,
    /// The newest `seq` ever committed.
    pub(crate) newest: u64,
    /// The newest `session_seq` by session number, filled when a session first tells something.
    pub(crate) session_seqs: HashMap<i64, u64>,
    /// When expired idempotency keys are swept next.
    pub(crate) next_sweep: Mutex<Timestamp>,
    /// Seals what is secret in rows of ours.
    pub(crate) sealing: SealingKey,
}

impl Memory {
    /// Takes over what a committed transaction changed, and gives its events.
    pub(super) fn absorb(&mut self, staged: Staged) -> Vec<Arc<Event>> {
        for (id, slot) in staged.slots {
            self.slots.insert(id, slot);
        }
        for (slot, live) in staged.lives {
            slot.set_live(live);
        }
        for slot in staged.wiped {
            slot.next_generation();
        }
        self.session_seqs.extend(staged.session_seqs);
        let events: Vec<_> = staged.events.into_iter().map(|(_, event)| event).collect();
        self.newest += events.len() as u64;
        events
    }
}

/// What became of one unit.
pub(super) enum Outcome {
    Entries(Result<Vec<Committed>, StoreError>),
    Steps(Result<Answer, WriteError>),
}

/// Why an entry was not applied.
pub(super) enum Halt {
    /// A rule forbids it; only its unit fails.
    Refused(StoreError),
    /// The database failed.
    Broken(sqlx::Error),
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error)
    }
}

/// A transaction in progress.
pub(super) struct Group<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) memory: &'a Memory,
    pub(super) now: Timestamp,
    pub(super) staged: Staged,
    pub(super) pending: Pending,
}

impl<'a> Group<'a> {
    pub(super) async fn begin(
        connection: &'a mut SqliteConnection,
        memory: &'a Memory,
        now: Timestamp,
    ) -> Result<Self, sqlx::Error> {
        if sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.is_err() {
            // Perhaps an earlier transaction could not be rolled back when it failed.
            roll_back(connection).await;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        }
        Ok(Self { connection, memory, now, staged: Staged::default(), pending: Pending::default() })
    }

    pub(super) async fn apply_all(&mut self, units: &[Unit]) -> Result<Vec<Outcome>, sqlx::Error> {
        let together = self.apply_together(units).await?;
        let mut outcomes = Vec::with_capacity(units.len());
        for (unit, outcome) in units.iter().zip(together) {
            outcomes.push(match (unit, outcome) {
                (_, Some(outcome)) => outcome,
                (Unit::Entries { entries, .. }, None) => Outcome::Entries(self.apply_entries(entries).await?),
                (Unit::Steps { guard, steps, .. }, None) => {
                    Outcome::Steps(self.run_steps(guard.as_ref(), steps).await?)
                }
            });
        }
        self.flush().await?;
        self.sweep().await?;
        self.store_events().await?;
        Ok(outcomes)
    }

    /// Commits, or rolls back what failed.
    pub(super) async fn end(
        self,
        applied: Result<Vec<Outcome>, sqlx::Error>,
    ) -> Result<(Vec<Outcome>, Staged), sqlx::Error> {
        let ended = match applied {
            Ok(outcomes) => sqlx::query("COMMIT").execute(&mut *self.connection).await.map(|_| outcomes),
            Err(error) => Err(error),
        };
        if ended.is_err() {
            roll_back(self.connection).await;
        }
        ended.map(|outcomes| (outcomes, self.staged))
    }

    /// Applies a unit of the port: all of it, or nothing.
    async fn apply_entries(
        &mut self,
        entries: &[Entry],
    ) -> Result<Result<Vec<Committed>, StoreError>, sqlx::Error> {
        // A refusal of the first entry comes before anything is written, so most units need no savepoint.
        let deletes = entries.iter().any(|entry| matches!(entry.change, Change::DeleteSession(_)));
        let savepoint = entries.iter().skip(1).any(|entry| self.may_be_refused(&entry.change, deletes));
        let mark = self.staged.mark();
        if savepoint {
            self.flush().await?;
            sqlx::query("SAVEPOINT unit").execute(&mut *self.connection).await?;
        }
        let mut committed = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.apply_entry(entry).await {
                Ok(done) => committed.push(done),
                Err(Halt::Broken(error)) => return Err(error),
                Err(Halt::Refused(error)) => {
                    self.staged.return_to(mark);
                    if savepoint {
                        sqlx::query("ROLLBACK TO unit; RELEASE unit").execute(&mut *self.connection).await?;
                    }
                    return Ok(Err(error));
                }
            }
        }
        if savepoint {
            sqlx::query("RELEASE unit").execute(&mut *self.connection).await?;
        }
        Ok(Ok(committed))
    }

    async fn apply_entry(&mut self, entry: &Entry) -> Result<Committed, Halt> {
        let mut done = self.apply_change(&entry.change).await?;
        if done.applied
            && let Some(new) = &entry.event
        {
            done.events.push(self.tell(new).await?);
        }
        Ok(done)
    }

    /// Gives an event its numbers and keeps it for [`Self::store_events`].
    pub(super) async fn tell(&mut self, new: &NewEvent) -> Result<Arc<Event>, sqlx::Error> {
        let number = match self.slot(&new.session) {
            Some(slot) => slot.number,
            None => self.make_slot(&new.session).await?.number,
        };
        let session_seq = self.newest_session_seq(number).await? + 1;
        let event = Arc::new(Event {
            id: EventId::random(),
            seq: self.memory.newest + self.staged.events.len() as u64 + 1,
            session_seq,
            session: new.session.clone(),
            kind: new.kind,
            at: new.at,
            is_history: new.is_history,
            data: new.data.clone(),
        });
        self.staged.session_seqs.insert(number, session_seq);
        self.staged.events.push((number, Arc::clone(&event)));
        Ok(event)
    }

    async fn newest_session_seq(&mut self, number: i64) -> Result<u64, sqlx::Error> {
        let known = self.staged.session_seqs.get(&number).or_else(|| self.memory.session_seqs.get(&number));
        if let Some(newest) = known {
            return Ok(*newest);
        }
        let newest: i64 = sqlx::query(
            "SELECT max(event_floor, coalesce((SELECT session_seq FROM event WHERE session = ?1 \
             ORDER BY seq DESC LIMIT 1), 0)) FROM session_number WHERE number = ?1",
        )
        .bind(number)
        .fetch_one(&mut *self.connection)
        .await?
        .try_get(0)?;
        Ok(newest.unsigned_abs())
    }

    async fn store_events(&mut self) -> Result<(), sqlx::Error> {
        if self.staged.events.is_empty() {
            return Ok(());
        }
        let values =
            self.staged.events.iter().flat_map(|(number, event)| event::values(*number, event)).collect();
        event::INSERT.run(self.connection, values).await?;
        Ok(())
    }

    /// Writes the rows that wait, so that the next statement sees them.
    pub(super) async fn flush(&mut self) -> Result<(), sqlx::Error> {
        for (table, values) in self.pending.take() {
            table.run(self.connection, values).await?;
        }
        Ok(())
    }

    /// Whether a change could fail by a rule after others of its unit were written.
    fn may_be_refused(&self, change: &Change, unit_deletes: bool) -> bool {
        let needs = |session: &SessionId| unit_deletes || self.live_slot(session).is_none();
        match change {
            Change::CreateSession(_)
            | Change::NameSession { .. }
            | Change::QueueMessage { idempotency: Some(_), .. }
            | Change::ChangeKey { .. }
            | Change::RevokeKey(_) => true,
            Change::SaveSession(session) => needs(&session.id),
            Change::QueueMessage { message, idempotency: None } | Change::ReceiveMessage(message) => {
                needs(&message.session)
            }
            Change::DeleteSession(_)
            | Change::WipeKeys(_)
            | Change::AdvanceStatus { .. }
            | Change::LearnPerson { .. }
            | Change::RetireDevice(_)
            | Change::ForgetDevice(_)
            | Change::AddKey(_)
            | Change::Audit(_)
            | Change::None => false,
        }
    }

    /// The slot of an id, if it was ever used.
    pub(super) fn slot(&self, id: &SessionId) -> Option<Arc<Slot>> {
        let staged = self.staged.slots.iter().find(|(known, _)| known == id);
        staged.map(|(_, slot)| Arc::clone(slot)).or_else(|| self.memory.slots.get(id))
    }

    /// The slot of a session that exists.
    pub(super) fn live_slot(&self, id: &SessionId) -> Option<Arc<Slot>> {
        self.slot(id).filter(|slot| self.staged.is_live(slot))
    }

    pub(super) async fn make_slot(&mut self, id: &SessionId) -> Result<Arc<Slot>, sqlx::Error> {
        let number: i64 = sqlx::query("INSERT INTO session_number (id) VALUES (?) RETURNING number")
            .bind(id.as_str())
            .fetch_one(&mut *self.connection)
            .await?
            .try_get(0)?;
        let slot = Arc::new(Slot::new(number, false));
        self.staged.slots.push((id.clone(), Arc::clone(&slot)));
        self.staged.session_seqs.insert(number, 0);
        Ok(slot)
    }
}

async fn roll_back(connection: &mut SqliteConnection) {
    if let Err(error) = sqlx::query("ROLLBACK").execute(connection).await {
        // SQLite rolls back by itself on some failures, and then says that there is no transaction.
        tracing::debug!(%error, "rolling back");
    }
}

/// Times as the file keeps them.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.timestamp_millis()
}
