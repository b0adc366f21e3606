//! Starts a session's worker and starts it again when it panics. One session's panic touches no other.

use super::handle::Handle;
use super::message::Ask;
use super::snapshot::Snapshot;
use super::worker::{Shared, Worker};
use crate::gateway::GatewayParts;
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How many asks may wait for an actor.
const MAILBOX: usize = 64;
/// How long a panicked worker stays down, so that a panic at start does not spin.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Starts workers and waits for their end.
pub(crate) struct Supervisor {
    parts: Arc<GatewayParts>,
    turns: Arc<Semaphore>,
    retired: Arc<Notify>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Supervisor {
    pub(crate) fn new(parts: Arc<GatewayParts>) -> Self {
        let turns = Arc::new(Semaphore::new(parts.config.resume_parallel.max(1)));
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { parts, turns, retired: Arc::default(), tracker, stop }
    }

    /// Rung when a device was retired.
    pub(crate) fn retired(&self) -> Arc<Notify> {
        Arc::clone(&self.retired)
    }

    /// Runs something beside the actors until it ends by itself, which it must when the token is cancelled.
    pub(crate) fn run_beside<F: Future<Output = ()> + Send + 'static>(
        &self,
        make: impl FnOnce(CancellationToken) -> F,
    ) {
        self.tracker.spawn(make(self.stop.child_token()));
    }

    /// Starts the actor of a stored session.
    pub(crate) fn start(&self, session: Session) -> Handle {
        let (mailbox, asks) = mpsc::channel(MAILBOX);
        let first = Snapshot {
            session: Arc::new(session.clone()),
            qr: None,
            code: None,
            passkey: None,
            heard_at: None,
        };
        let (snapshot, seen) = watch::channel(first);
        let watchers = Arc::new(AtomicUsize::new(0));
        let shared = Shared {
            parts: Arc::clone(&self.parts),
            turns: Arc::clone(&self.turns),
            snapshot,
            watchers: Arc::clone(&watchers),
            retired: Arc::clone(&self.retired),
        };
        let stop = self.stop.child_token();
        self.tracker.spawn(supervise(Arc::new(shared), session, asks, stop.clone()));
        Handle::new(mailbox, seen, watchers, self.parts.config.outbox_limit, stop)
    }

    /// Tells every actor to close its connection and end, and waits.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

async fn supervise(
    shared: Arc<Shared>,
    mut session: Session,
    mut asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
) {
    let id = session.id.clone();
    loop {
        let worker = Worker::new(Arc::clone(&shared), session);
        // The worker's state is boxed: a thousand idle sessions must not hold a thousand deep futures by value.
        let life = Box::pin(worker.run(&mut asks, &stop));
        if AssertUnwindSafe(life).catch_unwind().await.is_ok() {
            return;
        }
        tracing::error!(session = %id, "the worker of this session panicked; it is started again");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RESTART_AFTER) => {}
        }
        match read_again(&shared, &id, &stop).await {
            Some(stored) => session = stored,
            None => return,
        }
    }
}

/// The stored record; asks until the storage answers. None when it is gone, or the gateway stops.
async fn read_again(shared: &Shared, id: &SessionId, stop: &CancellationToken) -> Option<Session> {
    loop {
        match shared.parts.store.session(id).await {
            Ok(stored) => return stored,
            Err(error) => tracing::error!(session = %id, %error, "the record of this session cannot be read"),
        }
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(RESTART_AFTER) => {}
        }
    }
}
