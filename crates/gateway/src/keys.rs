//! `enlace keys`: for when no gateway runs, or nobody holds a key any more.

use crate::cli::KeysArgs;
use crate::data_dir::{DataDir, DataDirError};
use crate::running::{self, RunningError};
use crate::settings::{Environment, Settings, SettingsError};
use crate::terminal::{complain, say};
use enlace_domain::clock::{SystemClock, Timestamp, millis};
use enlace_domain::id::SessionId;
use enlace_domain::key::ApiKey;
use enlace_domain::port::StoreError;
use enlace_sessions::EventHub;
use enlace_store_sqlite::SqliteStore;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// The keys can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data directory, which a running gateway owns.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The database or its key.
    #[error(transparent)]
    Open(#[from] RunningError),
    /// Writing.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a new admin key in place of all earlier ones and prints it once: alone on standard output, for scripts.
pub(crate) async fn reset_admin(args: &KeysArgs, environment: &Environment) -> Result<(), KeysError> {
    let store = open(args, environment).await?;
    let reset = enlace_sessions::reset_admin_key(&*store, &SystemClock).await;
    store.close().await;
    let reset = reset?;
    say!("{}", reset.key.expose_secret());
    complain(format_args!(
        "this is the new admin key, shown this once; earlier admin keys revoked: {}",
        reset.revoked
    ));
    Ok(())
}

/// Prints what is known of every key, a line each.
pub(crate) async fn list(args: &KeysArgs, environment: &Environment) -> Result<(), KeysError> {
    let store = open(args, environment).await?;
    let keys = enlace_sessions::all_keys(&*store).await;
    store.close().await;
    let rows: Vec<_> = keys?.iter().map(row).collect();
    let heads = ["ID", "SCOPES", "SESSIONS", "CREATED", "EXPIRES", "LAST USED", "NAME"].map(str::to_owned);
    let all: Vec<_> = std::iter::once(heads).chain(rows).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    for row in &all {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        say!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    Ok(())
}

fn row(key: &ApiKey) -> [String; 7] {
    let at = |at: Option<Timestamp>, none: &str| at.map_or(none.to_owned(), |at| millis::format(&at));
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let sessions = match &key.sessions {
        None => "all".to_owned(),
        Some(ids) if ids.is_empty() => "none".to_owned(),
        Some(ids) => ids.iter().map(SessionId::as_str).collect::<Vec<_>>().join(","),
    };
    [
        key.id.to_string(),
        scopes.join(","),
        sessions,
        millis::format(&key.created_at),
        at(key.expires_at, "never"),
        at(key.last_used_at, "never"),
        key.name.clone(),
    ]
}

async fn open(args: &KeysArgs, environment: &Environment) -> Result<Offline, KeysError> {
    let settings = Settings::without_file(&crate::cli::LogArgs::default(), environment)?;
    let data_dir = DataDir::open_existing(&args.data_dir)?;
    let store =
        running::open_store(&settings, &data_dir, Arc::new(EventHub::new()), Arc::new(SystemClock)).await?;
    Ok(Offline { store, _data_dir: data_dir })
}

/// A store of no running gateway: the folder is ours as long as it is open.
struct Offline {
    store: SqliteStore,
    _data_dir: DataDir,
}

impl std::ops::Deref for Offline {
    type Target = SqliteStore;
    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}
