//! Writes that are plain statements: what the key stores, retention and bookkeeping ask for.

use super::group::Group;
use crate::slot::Slot;
use crate::sql::{Batch, Value, arguments};
use sqlx::Row;
use std::sync::Arc;

/// Whose keys are written, and in which generation the writer of them read them.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) slot: Arc<Slot>,
    pub(crate) generation: u64,
}

/// One statement.
#[derive(Debug)]
pub(crate) enum Step {
    /// Rows to write, merged with the same upserts of other units where order allows.
    Batch(&'static Batch, Vec<Value>),
    /// A statement whose affected rows are counted.
    Run(&'static str, Vec<Value>),
    /// A statement that returns one blob.
    Take(&'static str, Vec<Value>),
}

/// What became of the steps.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Rows affected by the last [`Step::Run`].
    pub(crate) rows: u64,
    /// What [`Step::Take`] returned.
    pub(crate) taken: Option<Vec<u8>>,
}

/// Why steps were not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The session was deleted, or its keys were wiped since they were read.
    #[error("these keys were wiped meanwhile; this client is over")]
    Stale,
    /// The store is closed.
    #[error("the gateway is stopping")]
    Closed,
    /// The database failed.
    #[error("the database failed")]
    Failed(#[source] Arc<sqlx::Error>),
}

impl Group<'_> {
    /// Runs a unit's steps in order.
    pub(super) async fn run_steps(
        &mut self,
        guard: Option<&Guard>,
        steps: &[Step],
    ) -> Result<Result<Answer, WriteError>, sqlx::Error> {
        if guard.is_some_and(|guard| !self.staged.is_current(guard)) {
            return Ok(Err(WriteError::Stale));
        }
        let mut answer = Answer::default();
        for step in steps {
            match step {
                Step::Batch(table, values) => self.pending.add(table, values),
                Step::Run(sql, values) => {
                    self.flush().await?;
                    let arguments = arguments(values.iter().cloned())?;
                    answer.rows = sqlx::query_with(*sql, arguments)
                        .execute(&mut *self.connection)
                        .await?
                        .rows_affected();
                }
                Step::Take(sql, values) => {
                    self.flush().await?;
                    let arguments = arguments(values.iter().cloned())?;
                    let row = sqlx::query_with(*sql, arguments).fetch_optional(&mut *self.connection).await?;
                    answer.taken = row.map(|row| row.try_get(0)).transpose()?;
                }
            }
        }
        Ok(Ok(answer))
    }
}

/// Rows that wait to be written with others of the same statement.
#[derive(Debug, Default)]
pub(super) struct Pending(Vec<(&'static Batch, Vec<Value>)>);

impl Pending {
    pub(super) fn add(&mut self, table: &'static Batch, values: &[Value]) {
        if let Some((_, rows)) = self.0.iter_mut().find(|(known, _)| std::ptr::eq(*known, table)) {
            rows.extend_from_slice(values);
        } else {
            self.0.push((table, values.to_vec()));
        }
    }

    pub(super) fn take(&mut self) -> Vec<(&'static Batch, Vec<Value>)> {
        std::mem::take(&mut self.0)
    }
}
