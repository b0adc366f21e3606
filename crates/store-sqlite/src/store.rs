//! The storage port on SQLite.

use crate::key_store::SqliteKeyStore;
use crate::read;
use crate::sealing::SealingKey;
use crate::slot::Slots;
use crate::sql::Value;
use crate::writer::{Step, WriteError, Writer, WriterCounts, WriterHandle, failure};
use async_trait::async_trait;
use chrono::DurationRound;
use chrono::TimeDelta;
use enlace_domain::alias::Dialect;
use enlace_domain::audit::{AuditFilter, AuditRecord};
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{Event, EventFilter, LogBounds};
use enlace_domain::id::{KeyId, MessageId, SessionId};
use enlace_domain::key::ApiKey;
use enlace_domain::message::Message;
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::{Committed, Entry, MessageFilter, SessionFilter, Store, StoreError};
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::Session;
use parking_lot::Mutex;
use sqlx::SqlitePool;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// One database, open. Cloning shares it.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) inner: Arc<Inner>,
}

/// What the store and its key stores share.
pub(crate) struct Inner {
    pub(crate) writer: WriterHandle,
    pub(crate) reads: SqlitePool,
    pub(crate) slots: Arc<Slots>,
    pub(crate) sealing: SealingKey,
    stop: CancellationToken,
    ended: tokio::sync::Mutex<Option<oneshot::Receiver<()>>>,
    /// The minute each API key was last noted as used, so that most requests write nothing.
    touched: Mutex<HashMap<KeyId, Timestamp>>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl SqliteStore {
    pub(crate) fn start(
        writer: Writer,
        reads: SqlitePool,
        slots: Arc<Slots>,
        sealing: SealingKey,
    ) -> std::io::Result<Self> {
        let stop = CancellationToken::new();
        let (writer, ended) = writer.start(stop.clone())?;
        let inner = Inner {
            writer,
            reads,
            slots,
            sealing,
            stop,
            ended: tokio::sync::Mutex::new(Some(ended)),
            touched: Mutex::new(HashMap::new()),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The key stores of a session, for one WhatsApp client.
    ///
    /// Make a new one for each client: it is bound to the session's keys as they are when it is first used, and once
    /// they are wiped or the session is deleted it writes nothing any more, so that a late write of the old client
    /// can't bring dead keys back.
    pub fn key_store(&self, session: &SessionId) -> Arc<SqliteKeyStore> {
        Arc::new(SqliteKeyStore::new(Arc::clone(&self.inner), session.clone()))
    }

    /// What the writer has done since the store was opened.
    pub fn counts(&self) -> WriterCounts {
        self.inner.writer.counts()
    }

    /// Answers what waits, closes the file and gives it free for another process. Later calls get
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        // Readers first: the last connection, the writer's, then folds the write-ahead log into the file.
        self.inner.reads.close().await;
        self.inner.stop.cancel();
        // A second caller waits for the first, so that the file is free when either returns.
        let mut ended = self.inner.ended.lock().await;
        if let Some(ended) = ended.take() {
            // The sender is dropped when the writer has ended, so an error is the expected answer.
            ended.await.unwrap_or_default();
        }
    }
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Failed(error) => failure(error),
            WriteError::Closed => Self::Closed,
            WriteError::Stale => Self::Failed(Box::new(error)),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, entries: Vec<Entry>) -> Result<Vec<Committed>, StoreError> {
        self.inner.writer.commit(entries).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        read::session::one(&self.inner.reads, &self.inner.sealing, id).await
    }

    async fn sessions(
        &self,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        read::session::page(&self.inner.reads, &self.inner.sealing, filter, page).await
    }

    async fn all_sessions(&self) -> Result<Vec<Session>, StoreError> {
        read::session::all(&self.inner.reads, &self.inner.sealing).await
    }

    async fn message(&self, session: &SessionId, id: &MessageId) -> Result<Option<Message>, StoreError> {
        let Some(slot) = self.inner.slots.get(session) else { return Ok(None) };
        read::message::one(&self.inner.reads, session, slot.number, id).await
    }

    async fn messages(
        &self,
        session: &SessionId,
        filter: &MessageFilter,
        page: &PageRequest,
    ) -> Result<Page<Message>, StoreError> {
        let number = self.inner.slots.get(session).map(|slot| slot.number);
        read::message::page(&self.inner.reads, session, number, filter, page).await
    }

    async fn queued_messages(&self, session: &SessionId) -> Result<Vec<Message>, StoreError> {
        let Some(slot) = self.inner.slots.get(session) else { return Ok(Vec::new()) };
        read::message::queued(&self.inner.reads, session, slot.number).await
    }

    async fn last_number(&self, dialect: Dialect) -> Result<u64, StoreError> {
        read::session::last_number(&self.inner.reads, dialect).await
    }

    async fn retired_devices(&self) -> Result<Vec<RetiredDevice>, StoreError> {
        read::retired_device::all(&self.inner.reads, &self.inner.sealing).await
    }

    async fn events_after(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError> {
        let sessions = filter.sessions.as_ref().map(|sessions| self.inner.slots.numbers(sessions));
        read::event::after(&self.inner.reads, after, sessions, filter.kinds.as_deref(), limit).await
    }

    async fn log_bounds(&self) -> Result<LogBounds, StoreError> {
        read::event::bounds(&self.inner.reads).await
    }

    async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        read::api_key::by_hash(&self.inner.reads, hash).await
    }

    async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        read::api_key::one(&self.inner.reads, id).await
    }

    async fn keys(&self, page: &PageRequest) -> Result<Page<ApiKey>, StoreError> {
        read::api_key::page(&self.inner.reads, page).await
    }

    async fn admin_keys(&self) -> Result<u64, StoreError> {
        read::api_key::admins(&self.inner.reads).await
    }

    async fn touch_key(&self, id: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at);
        if self.inner.touched.lock().get(id).is_some_and(|noted| *noted >= minute) {
            return Ok(());
        }
        let step = Step::Run(
            "UPDATE api_key SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)",
            vec![id.as_str().into(), Value::from(minute.timestamp_millis())],
        );
        self.inner.writer.run(None, vec![step]).await?;
        self.inner.touched.lock().insert(id.clone(), minute);
        Ok(())
    }

    async fn audit(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<AuditRecord>, StoreError> {
        read::audit::page(&self.inner.reads, filter, page).await
    }
}
