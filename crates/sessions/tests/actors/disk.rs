//! A disk that is full for some sessions: a store behind our own port whose commits fail while it is.

use async_trait::async_trait;
use enlace_domain::alias::Dialect;
use enlace_domain::audit::{AuditFilter, AuditRecord};
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{Event, EventFilter, LogBounds};
use enlace_domain::id::{KeyId, MessageId, SessionId};
use enlace_domain::key::ApiKey;
use enlace_domain::message::Message;
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::store::{Change, Committed, Entry, MessageFilter, SessionFilter, Store, StoreError};
use enlace_domain::retired::RetiredDevice;
use enlace_domain::session::Session;
use enlace_store_sqlite::SqliteStore;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// SQLite, with less room.
pub(crate) struct Disk {
    pub(crate) inner: SqliteStore,
    full: Mutex<HashSet<SessionId>>,
}

impl Disk {
    pub(crate) fn new(inner: SqliteStore) -> Self {
        Self { inner, full: Mutex::default() }
    }

    /// From now on nothing of this session can be stored.
    pub(crate) fn fill(&self, session: &SessionId) {
        self.full.lock().unwrap().insert(session.clone());
    }

    /// There is space again.
    pub(crate) fn free(&self) {
        self.full.lock().unwrap().clear();
    }

    fn has_room(&self, entry: &Entry) -> bool {
        let session = entry.event.as_ref().map(|event| &event.session).or(match &entry.change {
            Change::SaveSession(session) | Change::CreateSession(session) => Some(&session.id),
            Change::QueueMessage { message, .. } | Change::ReceiveMessage(message) => Some(&message.session),
            Change::WipeKeys(session)
            | Change::NameSession { session, .. }
            | Change::DeleteSession(session)
            | Change::AdvanceStatus { session, .. }
            | Change::LearnPerson { session, .. } => Some(session),
            Change::RetireDevice(device) => Some(&device.session),
            Change::Audit(record) => record.session.as_ref(),
            Change::ForgetDevice(_)
            | Change::AddKey(_)
            | Change::ChangeKey { .. }
            | Change::RevokeKey(_)
            | Change::None => None,
        });
        session.is_none_or(|session| !self.full.lock().unwrap().contains(session))
    }
}

#[async_trait]
impl Store for Disk {
    async fn commit(&self, entries: Vec<Entry>) -> Result<Vec<Committed>, StoreError> {
        if !entries.iter().all(|entry| self.has_room(entry)) {
            return Err(StoreError::Full);
        }
        self.inner.commit(entries).await
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.inner.session(id).await
    }

    async fn sessions(
        &self,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        self.inner.sessions(filter, page).await
    }

    async fn all_sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.inner.all_sessions().await
    }

    async fn last_number(&self, dialect: Dialect) -> Result<u64, StoreError> {
        self.inner.last_number(dialect).await
    }

    async fn message(&self, session: &SessionId, id: &MessageId) -> Result<Option<Message>, StoreError> {
        self.inner.message(session, id).await
    }

    async fn messages(
        &self,
        session: &SessionId,
        filter: &MessageFilter,
        page: &PageRequest,
    ) -> Result<Page<Message>, StoreError> {
        self.inner.messages(session, filter, page).await
    }

    async fn queued_messages(&self, session: &SessionId) -> Result<Vec<Message>, StoreError> {
        self.inner.queued_messages(session).await
    }

    async fn retired_devices(&self) -> Result<Vec<RetiredDevice>, StoreError> {
        self.inner.retired_devices().await
    }

    async fn events_after(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError> {
        self.inner.events_after(after, filter, limit).await
    }

    async fn log_bounds(&self) -> Result<LogBounds, StoreError> {
        self.inner.log_bounds().await
    }

    async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        self.inner.key_by_hash(hash).await
    }

    async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
        self.inner.key(id).await
    }

    async fn keys(&self, page: &PageRequest) -> Result<Page<ApiKey>, StoreError> {
        self.inner.keys(page).await
    }

    async fn admin_keys(&self) -> Result<u64, StoreError> {
        self.inner.admin_keys().await
    }

    async fn touch_key(&self, id: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        self.inner.touch_key(id, at).await
    }

    async fn audit(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<AuditRecord>, StoreError> {
        self.inner.audit(filter, page).await
    }
}
