//! The storage port: one unit of changes and the events that tell of them, committed together.

use crate::address::Person;
use crate::alias::{Alias, Dialect};
use crate::audit::{AuditFilter, AuditRecord};
use crate::event::{Event, EventFilter, EventType, LogBounds, NewEvent};
use crate::id::{KeyId, MessageId, RetiredId, SessionId};
use crate::key::{ApiKey, KeyChange};
use crate::message::{Message, Status};
use crate::page::{Page, PageRequest};
use crate::retired::RetiredDevice;
use crate::session::{Session, StateName};
use crate::{Fault, clock::Timestamp};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One change of what is stored.
#[derive(Clone, Debug)]
pub enum Change {
    /// Insert a session with its aliases; [`StoreError::SessionExists`] when the id is taken (by a live one),
    /// [`StoreError::AliasTaken`] when an alias is another's.
    CreateSession(Box<Session>),
    /// Replace a session's row, but for its aliases; [`StoreError::SessionNotFound`] when it is gone.
    SaveSession(Box<Session>),
    /// Give a session an alias, in place of the one it has in that dialect. [`StoreError::SessionNotFound`],
    /// [`StoreError::AliasTaken`].
    NameSession {
        /// Whose.
        session: SessionId,
        /// Where.
        dialect: Dialect,
        /// What.
        alias: Alias,
    },
    /// Remove a session, its aliases, messages, keys and idempotency records. Its events stay in the log, and the number
    /// that Press Ticket knew it by is never given again by the store (see [`Store::last_number`]).
    DeleteSession(SessionId),
    /// Remove every WhatsApp key of a session (all five key stores, pending inbound included).
    WipeKeys(SessionId),
    /// Insert a message of ours. With an idempotency key that is known, nothing is inserted and the outcome names the
    /// first message; [`StoreError::IdempotencyMismatch`] when the fingerprint differs.
    QueueMessage {
        /// The message, status `queued`.
        message: Box<Message>,
        /// The caller's key, if any.
        idempotency: Option<IdempotencyKey>,
    },
    /// Insert a message from the network, unless (session, chat, from, `from_me`, `wa_id`) is known already.
    ReceiveMessage(Box<Message>),
    /// Move messages forward to a status (never back; see [`Status::advances_to`]), found by their `wa_id`s among
    /// those this number wrote. For every message that moved the store itself appends one event of type `tells`
    /// whose `data` is the message as listed; [`Entry::event`] stays empty.
    AdvanceStatus {
        /// Whose messages.
        session: SessionId,
        /// WhatsApp's ids.
        wa_ids: Vec<String>,
        /// The new status.
        status: Status,
        /// Why, for `failed`.
        error: Option<String>,
        /// The type of the events, `message.sent` or `message.status`.
        tells: EventType,
        /// When it happened, for the events.
        at: Timestamp,
    },
    /// Fill in the other address of a chat's person in those messages of a chat that know only one. No effect unless
    /// both are given.
    LearnPerson {
        /// Whose messages.
        session: SessionId,
        /// Both addresses.
        person: Person,
    },
    /// Keep a device that was unlinked while the network could not be told. A known id has no effect.
    RetireDevice(Box<RetiredDevice>),
    /// Drop a retired device: the network knows, or nobody will tell it any more.
    ForgetDevice(RetiredId),
    /// Insert a key.
    AddKey(Box<ApiKey>),
    /// Change a key. [`StoreError::KeyNotFound`] when it is gone, [`StoreError::LastAdminKey`] when afterwards no key
    /// could rule keys for good (see [`ApiKey::rules_for_good`]).
    ChangeKey {
        /// Which.
        id: KeyId,
        /// What.
        change: KeyChange,
    },
    /// Remove a key; refused as [`Change::ChangeKey`] is.
    RevokeKey(KeyId),
    /// Append a record to the audit log. What is older than [`crate::audit::AUDIT_KEEP_DAYS`] or more than
    /// [`crate::audit::AUDIT_KEEP_RECORDS`] records back is dropped with it.
    Audit(Box<AuditRecord>),
    /// Nothing but the event.
    None,
}

/// A change together with the event that tells of it. The event is stored only when the change took effect.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What changes.
    pub change: Change,
    /// What tells of it.
    pub event: Option<NewEvent>,
}

/// A caller's `Idempotency-Key` with what it was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key as sent.
    pub key: String,
    /// SHA-256 over the request it stands for.
    pub fingerprint: [u8; 32],
    /// Until when it is remembered.
    pub expires_at: Timestamp,
}

/// What became of one [`Entry`].
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Whether the change took effect (a duplicate does not).
    pub applied: bool,
    /// The stored events: at most one, but for [`Change::AdvanceStatus`] one a message that moved.
    pub events: Vec<Arc<Event>>,
    /// For a repeated idempotency key: the message it first made.
    pub earlier: Option<MessageId>,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only in these states.
    pub states: Vec<StateName>,
    /// Only those whose id, name or phone contains this text, case-insensitively; of a text that is written like a phone
    /// number also those whose phone contains its digits.
    pub q: Option<String>,
    /// Only those whose metadata has these values: texts, and booleans and numbers that are written like that.
    pub metadata: BTreeMap<String, String>,
    /// Only these, when a key is limited.
    pub only: Option<Vec<SessionId>>,
}

/// Which messages to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only of this chat (matches either address of a person).
    pub chat: Option<String>,
    /// Only with this status.
    pub status: Option<Status>,
    /// Only ours, or only theirs.
    pub from_me: Option<bool>,
}

/// Storage as the use cases need it. Every write is really durable when it returns.
#[async_trait]
pub trait Store: Send + Sync {
    /// Applies all entries in one transaction, in order, or none of them. Events get `seq` and `session_seq` in that
    /// order; the sink hears of them after the commit. Concurrent calls may share one disk flush (group commit).
    async fn commit(&self, entries: Vec<Entry>) -> Result<Vec<Committed>, StoreError>;

    /// One session.
    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError>;
    /// A page of sessions, oldest first.
    async fn sessions(&self, filter: &SessionFilter, page: &PageRequest)
    -> Result<Page<Session>, StoreError>;
    /// Every session, for the start.
    async fn all_sessions(&self) -> Result<Vec<Session>, StoreError>;

    /// The highest number that a session was ever named in a dialect that counts its sessions; 0 before the first.
    async fn last_number(&self, dialect: Dialect) -> Result<u64, StoreError>;

    /// One message.
    async fn message(&self, session: &SessionId, id: &MessageId) -> Result<Option<Message>, StoreError>;
    /// A page of messages, newest first: by the second they were written in, then as they were stored.
    async fn messages(
        &self,
        session: &SessionId,
        filter: &MessageFilter,
        page: &PageRequest,
    ) -> Result<Page<Message>, StoreError>;
    /// Messages of ours that still wait to be sent, oldest first.
    async fn queued_messages(&self, session: &SessionId) -> Result<Vec<Message>, StoreError>;

    /// Devices that the network must still be told of, also those of deleted sessions, oldest first.
    async fn retired_devices(&self) -> Result<Vec<RetiredDevice>, StoreError>;

    /// Events with `seq` greater than `after` that pass the filter, oldest first, at most `limit`.
    async fn events_after(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, StoreError>;
    /// The ends of the log.
    async fn log_bounds(&self) -> Result<LogBounds, StoreError>;

    /// The key with this SHA-256.
    async fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError>;
    /// The key with this id.
    async fn key(&self, id: &KeyId) -> Result<Option<ApiKey>, StoreError>;
    /// A page of keys, oldest first.
    async fn keys(&self, page: &PageRequest) -> Result<Page<ApiKey>, StoreError>;
    /// How many keys with scope `admin` exist.
    async fn admin_keys(&self) -> Result<u64, StoreError>;
    /// Records that a key was used (to the minute; may be lost in a crash).
    async fn touch_key(&self, id: &KeyId, at: Timestamp) -> Result<(), StoreError>;

    /// A page of the audit log, newest first.
    async fn audit(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<AuditRecord>, StoreError>;
}

/// What can go wrong in storage.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The chosen id is taken.
    #[error("a session with the id {0} exists already; choose another id, or use that session")]
    SessionExists(SessionId),
    /// The name is another session's.
    #[error("another session is called {name} in {} already; choose another name, or use that session", dialect.as_str())]
    AliasTaken {
        /// Where.
        dialect: Dialect,
        /// What was wanted.
        name: String,
    },
    /// The session is gone.
    #[error("there is no session with the id {0}")]
    SessionNotFound(SessionId),
    /// The same `Idempotency-Key` came with another request.
    #[error("this Idempotency-Key was used for a different request; use a new key for a new message")]
    IdempotencyMismatch,
    /// The key is gone.
    #[error("there is no key with the id {0}; GET /v1/keys lists all")]
    KeyNotFound(KeyId),
    /// It is the last key that rules keys for good.
    #[error(
        "this is the last admin key that is not limited and never expires, and without it nobody could manage keys; make another such key first, and use that one"
    )]
    LastAdminKey,
    /// A page token that this list did not give.
    #[error("this page_token was not given by this list; leave it out to begin anew")]
    InvalidPageToken,
    /// The disk is full.
    #[error("the disk that holds the data directory is full; nothing was stored")]
    Full,
    /// The storage failed.
    #[error("the storage failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The storage is closed: the gateway is stopping.
    #[error("the gateway is stopping")]
    Closed,
}

impl Fault for StoreError {
    crate::fault_table! {
        Self::SessionExists(_) => Conflict "session-exists",
        Self::AliasTaken { .. } => Conflict "alias-taken",
        Self::SessionNotFound(_) => NotFound "session-not-found",
        Self::IdempotencyMismatch => Conflict "idempotency-mismatch",
        Self::KeyNotFound(_) => NotFound "key-not-found",
        Self::LastAdminKey => Conflict "last-admin-key",
        Self::InvalidPageToken => InvalidInput "invalid-page-token",
        Self::Full => Unavailable "disk-full",
        Self::Failed(_) => Internal "storage-failed",
        Self::Closed => Unavailable "stopping",
    }

    fn field(&self) -> Option<&str> {
        matches!(self, Self::InvalidPageToken).then_some("page_token")
    }
}
