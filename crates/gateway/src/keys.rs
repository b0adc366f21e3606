//! `enlace keys`: for when no gateway runs, or nobody holds a key any more.

use crate::cli::ResetAdminArgs;
use crate::data_dir::{DataDir, DataDirError};
use crate::running::{self, RunningError};
use crate::settings::{Environment, Settings, SettingsError};
use crate::terminal::say;
use enlace_domain::clock::SystemClock;
use enlace_domain::port::StoreError;
use enlace_sessions::EventHub;
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

/// Makes another admin key and prints it once.
pub(crate) async fn reset_admin(args: &ResetAdminArgs, environment: &Environment) -> Result<(), KeysError> {
    let settings = Settings::without_file(&crate::cli::LogArgs::default(), environment)?;
    let data_dir = DataDir::open_existing(&args.data_dir)?;
    let store =
        running::open_store(&settings, &data_dir, Arc::new(EventHub::new()), Arc::new(SystemClock)).await?;
    let key = enlace_sessions::reset_admin_key(&store, &SystemClock).await;
    store.close().await;
    say!("{}", key?.expose_secret());
    Ok(())
}
