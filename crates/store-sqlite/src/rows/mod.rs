//! Rows to words and back, a file per table. A row that does not read names its table and column.

pub(crate) mod alias;
pub(crate) mod api_key;
pub(crate) mod audit;
pub(crate) mod event;
pub(crate) mod message;
pub(crate) mod retired_device;
pub(crate) mod session;

use enlace_domain::clock::Timestamp;
use enlace_domain::port::StoreError;

/// A stored value that no version of ours writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of table {table} has an unreadable column {column}")]
pub(crate) struct Unreadable {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

impl From<Unreadable> for StoreError {
    fn from(error: Unreadable) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// A row of a table, reading columns with errors that name them.
pub(crate) struct Reader<'r> {
    pub(crate) table: &'static str,
    pub(crate) row: &'r sqlx::sqlite::SqliteRow,
}

impl<'r> Reader<'r> {
    pub(crate) fn get<T>(&self, column: &'static str) -> Result<T, Unreadable>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        sqlx::Row::try_get(self.row, column).map_err(|_| self.unreadable(column))
    }

    /// A text that means something.
    pub(crate) fn parse<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Unreadable> {
        parse(self.get(column)?).ok_or(self.unreadable(column))
    }

    /// A text that means something, or NULL.
    pub(crate) fn parse_optional<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Unreadable> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| parse(text).ok_or(self.unreadable(column))).transpose()
    }

    pub(crate) fn count(&self, column: &'static str) -> Result<u64, Unreadable> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.unreadable(column))
    }

    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, Unreadable> {
        Timestamp::from_timestamp_millis(self.get(column)?).ok_or(self.unreadable(column))
    }

    pub(crate) fn time_optional(&self, column: &'static str) -> Result<Option<Timestamp>, Unreadable> {
        let millis: Option<i64> = self.get(column)?;
        millis.map(|at| Timestamp::from_timestamp_millis(at).ok_or(self.unreadable(column))).transpose()
    }

    pub(crate) fn unreadable(&self, column: &'static str) -> Unreadable {
        Unreadable { table: self.table, column }
    }
}

/// A counter as SQLite keeps it.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).expect("a counter that began at zero never reaches 2^63")
}

/// JSON of our own types, whose map keys are strings and whose values have no non-finite numbers.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types always serialise")
}
