//! Opening: refuse what must not be touched before touching anything, then migrate and start.

use crate::sealing::{Place, SealingKey};
use crate::slot::{Slot, Slots};
use crate::store::SqliteStore;
use crate::writer::{Memory, Writer, primary_code};
use enlace_domain::clock::Clock;
use enlace_domain::id::SessionId;
use enlace_domain::port::EventSink;
use parking_lot::Mutex;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// `PRAGMA application_id` of our files, set by the first migration: the ASCII of `Enla`.
const APPLICATION_ID: i64 = 0x456e_6c61;
/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Up to this size a file is read through at the start to find damage, which takes well under half a second.
const CHECK_MAX_BYTES: u64 = 32 << 20;
/// Where a value sealed under the master key is kept, to recognise a wrong one.
const KEY_CHECK: Place<'static> = Place { kind: 0, session: "", key: b"key-check" };
const READERS_MAX: u32 = 4;

/// Why the database was not opened. Nothing was lost or altered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file or its folder can't be written.
    #[error("{} can't be written: {source}. Check that the data directory exists, has free space and belongs to the user that runs Enlace", path.display())]
    NotWritable {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process has it open.
    #[error("{} is in use by another process. Stop the other Enlace, or give this one a data directory of its own", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The file is no database, or a damaged one.
    #[error("{} is damaged: {reason}. It was left as it is: keep it, and start with a backup in its place", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A newer version of Enlace wrote it.
    #[error("{} was written by a newer version of Enlace (schema {found}; this one knows {known}). It was left as it is: start that version again", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema it has.
        found: i64,
        /// The newest schema of this version.
        known: i64,
    },
    /// It belongs to another program.
    #[error("{} is a database of another program. It was left as it is: give Enlace a data directory of its own", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The master key is not the one it was made with.
    #[error("the master key does not fit {}. Give the one it was made with (in the configuration, or as master.key in the data directory); without it the stored WhatsApp keys can't be read. Nothing was changed", path.display())]
    WrongKey {
        /// The database.
        path: PathBuf,
    },
    /// Anything else.
    #[error("{} can't be opened: {source}", path.display())]
    Failed {
        /// The database.
        path: PathBuf,
        /// What the database said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SqliteStore {
    /// Opens the database at `path`, making it if there is none, and starts its writer on the current runtime.
    ///
    /// `sink` hears of every committed event. `clock` decides when idempotency keys expire.
    pub async fn open(
        path: &Path,
        sealing: SealingKey,
        sink: Arc<dyn EventSink>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        if touch(path)? > 0 {
            inspect(path).await?;
        }
        let explain = |error| explain(path, error);
        let mut connection = options(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", "-4096")
            .pragma("wal_autocheckpoint", "4000")
            .connect()
            .await
            .map_err(explain)?;
        // Not `run`: its future is not provably `Send`, and callers spawn this.
        MIGRATIONS
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| migration_failure(path, error))?;
        check_key(path, &mut connection, &sealing).await?;
        let memory = remember(&mut connection, clock.as_ref(), &sealing).await.map_err(explain)?;
        let slots = Arc::clone(&memory.slots);
        let reads = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(READERS_MAX)
            .idle_timeout(Duration::from_mins(1))
            .test_before_acquire(false)
            .connect_with(options(path).read_only(true).pragma("cache_size", "-1024"))
            .await
            .map_err(explain)?;
        let writer = Writer { connection, memory, sink, clock, lock };
        Self::start(writer, reads, slots, sealing)
            .map_err(|error| OpenError::Failed { path: path.to_owned(), source: Box::new(error) })
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(128)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// One process per database: a lock on a file beside it, held until the writer has closed.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&beside)
        .map_err(|error| not_writable(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(not_writable(path, error)),
    }
}

/// Makes the file if there is none (readable by its owner only), and gives its size.
fn touch(path: &Path) -> Result<u64, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| not_writable(path, error))?;
    let size = file.metadata().map_err(|error| not_writable(path, error))?.len();
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| size == 0 && !folder.as_os_str().is_empty()) {
        // The file's name must survive a power cut too.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| not_writable(path, error))?;
    }
    let mut head = [0; MAGIC.len()];
    if size > 0 && (file.read_exact(&mut head).is_err() || head != *MAGIC) {
        return Err(damaged(path, "it does not begin as a SQLite database does"));
    }
    Ok(size)
}

/// Looks at an existing file without changing it.
async fn inspect(path: &Path) -> Result<(), OpenError> {
    let explain = |error| explain(path, error);
    let mut connection = options(path).read_only(true).connect().await.map_err(explain)?;
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id), \
         (SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'), \
         (SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%\\_sqlx\\_migrations%' ESCAPE '\\')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(explain)?;
    let (application, migrated, others): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if application != APPLICATION_ID && others > 0 {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    if migrated > 0 {
        let found: i64 = sqlx::query("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await
            .map_err(explain)?
            .get(0);
        let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        if found > known {
            return Err(OpenError::Newer { path: path.to_owned(), found, known });
        }
    }
    if path.metadata().is_ok_and(|file| file.len() <= CHECK_MAX_BYTES) {
        let found: String =
            sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut connection).await.map_err(explain)?.get(0);
        if found != "ok" {
            return Err(damaged(path, &found));
        }
    }
    connection.close().await.map_err(explain)
}

/// Recognises a wrong master key, or notes the key of a new database.
async fn check_key(
    path: &Path,
    connection: &mut SqliteConnection,
    sealing: &SealingKey,
) -> Result<(), OpenError> {
    let explain = |error| explain(path, error);
    let noted = sqlx::query("SELECT value FROM meta WHERE name = 'key_check'")
        .fetch_optional(&mut *connection)
        .await
        .map_err(explain)?;
    if let Some(row) = noted {
        let sealed: Vec<u8> = row.try_get(0).map_err(explain)?;
        let opens = sealing.open(KEY_CHECK, &sealed).is_ok();
        return if opens { Ok(()) } else { Err(OpenError::WrongKey { path: path.to_owned() }) };
    }
    sqlx::query("INSERT INTO meta (name, value) VALUES ('key_check', ?)")
        .bind(sealing.seal(KEY_CHECK, b"enlace"))
        .execute(connection)
        .await
        .map_err(explain)?;
    Ok(())
}

/// What the writer has to know from the start.
async fn remember(
    connection: &mut SqliteConnection,
    clock: &dyn Clock,
    sealing: &SealingKey,
) -> Result<Memory, sqlx::Error> {
    let slots = Slots::default();
    let rows = sqlx::query(
        "SELECT n.number, n.id, s.session IS NOT NULL FROM session_number n \
         LEFT JOIN session s ON s.session = n.number",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let id = SessionId::parse(row.try_get(1)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        slots.insert(id, Arc::new(Slot::new(row.try_get(0)?, row.try_get(2)?)));
    }
    let newest: i64 = sqlx::query(
        "SELECT max(coalesce((SELECT max(seq) FROM event), 0), \
         coalesce((SELECT value FROM meta WHERE name = 'newest_event'), 0))",
    )
    .fetch_one(&mut *connection)
    .await?
    .try_get(0)?;
    Ok(Memory {
        slots: Arc::new(slots),
        newest: newest.unsigned_abs(),
        session_seqs: HashMap::new(),
        next_sweep: Mutex::new(clock.now()),
        sealing: sealing.clone(),
    })
}

fn not_writable(path: &Path, error: io::Error) -> OpenError {
    OpenError::NotWritable { path: path.to_owned(), source: Box::new(error) }
}

fn damaged(path: &Path, reason: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), reason: reason.to_owned() }
}

/// The primary result codes of SQLite that an operator can do something about.
fn explain(path: &Path, error: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match primary_code(&error) {
        Some(5 | 6) => OpenError::Locked { path },
        Some(3 | 8 | 13 | 14) => OpenError::NotWritable { path, source: Box::new(error) },
        Some(11 | 26) => OpenError::Damaged { path, reason: error.to_string() },
        _ => OpenError::Failed { path, source: Box::new(error) },
    }
}

fn migration_failure(path: &Path, error: MigrateError) -> OpenError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => explain(path, error),
        error => OpenError::Failed { path: path.to_owned(), source: Box::new(error) },
    }
}
