//! Small tools for SQL: owned values, and statements over many rows.

use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe};
use std::sync::{Arc, OnceLock};

/// A value on its way into a row.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Shared(Arc<str>),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Shared(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Binds values in order.
pub(crate) fn arguments(values: impl IntoIterator<Item = Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Null => arguments.add(None::<i64>),
            Value::Int(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Shared(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// Rows per statement. Few sizes, so that each is prepared once and stays in the statement cache.
const SIZES: [usize; 7] = [64, 32, 16, 8, 4, 2, 1];

/// A statement over any number of rows: an insert, an upsert, or another that takes a list of `VALUES`.
///
/// Each statement costs a change of threads, so the writer gathers rows and runs as few as it can.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What comes before the rows: `INSERT INTO t (…) VALUES `
    head: &'static str,
    columns: usize,
    /// What comes after them: ` ON CONFLICT …`, or nothing.
    tail: &'static str,
    texts: [OnceLock<Arc<str>>; SIZES.len()],
}

impl Batch {
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    fn text(&self, size: usize) -> Arc<str> {
        let text = self.texts[size].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            let rows = vec![row; SIZES[size]].join(",");
            format!("{}{rows}{}", self.head, self.tail).into()
        });
        Arc::clone(text)
    }

    /// Runs it over rows given one after another, in order, and gives what it returns.
    pub(crate) async fn run(
        &self,
        connection: &mut SqliteConnection,
        values: Vec<Value>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut returned = Vec::new();
        for (index, arguments) in self.chunks(values)? {
            let query = sqlx::query_with(AssertSqlSafe(self.text(index)), arguments);
            returned.append(&mut query.fetch_all(&mut *connection).await?);
        }
        Ok(returned)
    }

    /// Runs an insert over rows, and gives for each statement how many rows it was given, how many it inserted, and
    /// the number of the last inserted one. (Returning rows would cost a change of threads for each.)
    pub(crate) async fn insert(
        &self,
        connection: &mut SqliteConnection,
        values: Vec<Value>,
    ) -> Result<Vec<Insertion>, sqlx::Error> {
        let mut inserted = Vec::new();
        for (index, arguments) in self.chunks(values)? {
            let query = sqlx::query_with(AssertSqlSafe(self.text(index)), arguments);
            let done = query.execute(&mut *connection).await?;
            inserted.push(Insertion {
                given: SIZES[index],
                new: done.rows_affected(),
                last: done.last_insert_rowid(),
            });
        }
        Ok(inserted)
    }

    /// The statements for these rows: an index into [`SIZES`] and the values of each.
    fn chunks(&self, values: Vec<Value>) -> Result<Vec<(usize, SqliteArguments)>, sqlx::Error> {
        let mut left = values.len() / self.columns;
        let mut values = values.into_iter();
        let mut chunks = Vec::new();
        for (index, size) in SIZES.into_iter().enumerate() {
            while left >= size {
                chunks.push((index, arguments(values.by_ref().take(size * self.columns))?));
                left -= size;
            }
        }
        Ok(chunks)
    }
}

/// What one statement of an insert did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insertion {
    pub(crate) given: usize,
    pub(crate) new: u64,
    pub(crate) last: i64,
}
