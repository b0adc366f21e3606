//! The inside of a session's actor: it owns the session's record, its connection and its outbox, and nobody else
//! touches them.
//!
//! - `run` is the loop; `begin` decides what a stored session does when its worker starts;
//! - `asks` does what `enlace_domain::session::decide` says about each ask;
//! - `link` holds the link under way, `code` its pairing code, `passkey` what WhatsApp asks besides;
//! - `connection` opens and closes connections and hears what happens on them;
//! - `unlink` unlinks, and keeps what the network must still be told of;
//! - `outgoing` sends messages; `record` stores changes and publishes the snapshot.

mod asks;
mod begin;
mod code;
mod connection;
mod link;
mod numbers;
mod outgoing;
mod passkey;
mod record;
mod run;
mod unlink;

use super::inbox::ConnectionInbox;
use super::message::News;
use super::outbox::Outbox;
use super::snapshot::Snapshot;
use crate::gateway::GatewayParts;
use connection::Live;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::NewEvent;
use enlace_domain::port::store::{Entry, StoreError};
use enlace_domain::session::{Session, StateName};
use link::LinkFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What outlives a worker's panic.
pub(super) struct Shared {
    pub(super) parts: Arc<GatewayParts>,
    /// Turns to dial after a start.
    pub(super) turns: Arc<Semaphore>,
    pub(super) snapshot: watch::Sender<Snapshot>,
    pub(super) watchers: Arc<AtomicUsize>,
    /// Rung when a device was retired.
    pub(super) retired: Arc<Notify>,
}

/// The inside of one actor.
pub(super) struct Worker {
    shared: Arc<Shared>,
    session: Session,
    live: Option<Live>,
    /// Counts connections, so that late news of an earlier one can be told apart.
    opened: u64,
    /// When to dial next.
    dial_at: Option<Instant>,
    /// Failed dials since traffic last proved the session.
    attempt: u32,
    online_since: Option<Instant>,
    /// Held while it is this session's turn to dial after a start.
    turn: Option<OwnedSemaphorePermit>,
    link: Option<LinkFlow>,
    /// When someone last asked for a QR.
    asked_at: Option<Instant>,
    /// Set between the phone's acceptance and the first time online.
    first_login: bool,
    /// The phone that accepted is not the one expected: unlink it as soon as it is logged in.
    unwelcome: bool,
    outbox: Outbox,
    /// Whether messages stored by an earlier process are in the outbox.
    outbox_loaded: bool,
    /// By when the open connection must be online, or have shown its first QR.
    settle_by: Option<Instant>,
    /// Counts requests for pairing codes, so that the answer to a replaced one can be told apart.
    codes_asked: u64,
    /// The task of the last request for a code.
    code_task: Option<JoinHandle<()>>,
    /// What a failed commit held; it goes along with the next one.
    unsaved: Vec<Entry>,
    /// Events that go along with the next commit.
    untold: Vec<NewEvent>,
    save_again_at: Option<Instant>,
    fault: Option<StoreError>,
    /// When to try the outbox again on this connection.
    outbox_retry_at: Option<Instant>,
    news: mpsc::UnboundedReceiver<News>,
    tell: mpsc::UnboundedSender<News>,
}

impl Worker {
    pub(super) fn new(shared: Arc<Shared>, session: Session) -> Self {
        let (tell, news) = mpsc::unbounded_channel();
        Self {
            shared,
            session,
            live: None,
            opened: 0,
            dial_at: None,
            attempt: 0,
            online_since: None,
            turn: None,
            link: None,
            asked_at: None,
            first_login: false,
            unwelcome: false,
            settle_by: None,
            codes_asked: 0,
            code_task: None,
            unsaved: Vec::new(),
            untold: Vec::new(),
            save_again_at: None,
            fault: None,
            outbox: Outbox::default(),
            outbox_loaded: false,
            outbox_retry_at: None,
            news,
            tell,
        }
    }

    fn parts(&self) -> &GatewayParts {
        &self.shared.parts
    }

    fn now(&self) -> Timestamp {
        self.parts().clock.now()
    }

    /// Whether someone looks: a fetch within the window or one that still waits, or a stream that is open.
    fn is_watched(&self) -> bool {
        let window = self.parts().config.watch_window;
        self.is_looked_at_now() || self.asked_at.is_some_and(|at| at.elapsed() <= window)
    }

    fn is_looked_at_now(&self) -> bool {
        self.shared.watchers.load(Ordering::Relaxed) > 0
            || self.link.as_ref().is_some_and(LinkFlow::is_awaited)
    }

    /// When the last look will be too long ago. A stream that ends after this was asked counts at the next rotation.
    fn watch_ends(&self) -> Option<Instant> {
        let flow = self.link.as_ref()?;
        let shows = flow.qr.is_some() && self.session.state.name == StateName::AwaitingScan;
        if !shows || flow.code.is_some() || self.is_looked_at_now() {
            return None;
        }
        Some(self.asked_at? + self.parts().config.watch_window)
    }

    fn inbox(
        &self,
        words: mpsc::Sender<enlace_domain::port::inbox::ConnectionEvent>,
    ) -> Arc<ConnectionInbox> {
        Arc::new(ConnectionInbox {
            session: self.session.id.clone(),
            store: Arc::clone(&self.parts().store),
            clock: Arc::clone(&self.parts().clock),
            words,
        })
    }
}
