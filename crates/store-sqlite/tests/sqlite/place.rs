//! A database in a temporary folder, opened and closed as tests ask.

use async_trait::async_trait;
use enlace_domain::clock::{Clock, SystemClock};
use enlace_domain::event::Event;
use enlace_domain::id::SessionId;
use enlace_domain::port::{Change, Entry, EventSink, Store, StoreError};
use enlace_store_sqlite::{OpenError, SealingKey, SqliteStore};
use enlace_testkit::key_store_contract::KeyStoreFactory;
use enlace_testkit::store_contract::{StoreFactory, session, session_id};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::Mutex;
use wacore::store::traits::Backend;

/// A sink for tests that don't listen.
pub(crate) struct Nobody;

impl EventSink for Nobody {
    fn committed(&self, _events: &[Arc<Event>]) {}
}

/// A temporary folder with a database.
pub(crate) struct Place {
    folder: TempDir,
    opened: Mutex<Option<SqliteStore>>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), opened: Mutex::new(None) }
    }

    /// The database's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("enlace.db")
    }

    /// Opens the database with a key of equal bytes.
    pub(crate) async fn try_open(&self, key: u8) -> Result<SqliteStore, OpenError> {
        let key = SealingKey::from_bytes(&[key; 32]);
        SqliteStore::open(&self.file(), key, Arc::new(Nobody), Arc::new(SystemClock)).await
    }

    /// Opens the database with the usual key, once.
    pub(crate) async fn store(&self) -> SqliteStore {
        let mut opened = self.opened.lock().await;
        if opened.is_none() {
            *opened = Some(self.try_open(1).await.unwrap());
        }
        opened.clone().unwrap()
    }

    /// Opens the database, with a session in it.
    pub(crate) async fn with_session(&self, id: &str) -> (SqliteStore, SessionId) {
        let (store, id) = (self.store().await, session_id(id));
        match apply(&store, Change::CreateSession(Box::new(session(&id)))).await {
            Ok(_) | Err(StoreError::SessionExists(_)) => (store, id),
            Err(error) => panic!("{error}"),
        }
    }

    /// Closes what is open.
    pub(crate) async fn shut(&self) {
        if let Some(store) = self.opened.lock().await.take() {
            store.close().await;
        }
    }
}

/// Commits one change; gives whether it took effect.
pub(crate) async fn apply(store: &SqliteStore, change: Change) -> Result<bool, StoreError> {
    Ok(store.commit(vec![Entry { change, event: None }]).await?[0].applied)
}

#[async_trait]
impl StoreFactory for Place {
    async fn open(&self, sink: Arc<dyn EventSink>, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        let key = SealingKey::from_bytes(&[1; 32]);
        let store = SqliteStore::open(&self.file(), key, sink, clock).await.unwrap();
        *self.opened.lock().await = Some(store.clone());
        Arc::new(store)
    }

    async fn close(&self) {
        self.shut().await;
    }
}

#[async_trait]
impl KeyStoreFactory for Place {
    async fn open(&self, session: &str) -> Arc<dyn Backend> {
        let (store, id) = self.with_session(session).await;
        store.key_store(&id)
    }

    async fn reopen(&self) {
        self.shut().await;
    }
}
