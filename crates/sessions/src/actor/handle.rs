//! The outside of a session's actor: cheap to clone, bounded, never blocking a reader.

use super::message::{Ask, Reply};
use super::snapshot::Snapshot;
use crate::error::GatewayError;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// What an actor will answer.
pub(crate) type Answer<T> = oneshot::Receiver<Result<T, GatewayError>>;

/// A place in a session's outbox, given back when the message is dealt with.
pub(crate) struct OutboxSlot(#[expect(dead_code, reason = "held for its Drop")] OwnedSemaphorePermit);

/// The outside of one actor.
#[derive(Clone)]
pub(crate) struct Handle {
    mailbox: mpsc::Sender<Ask>,
    snapshot: watch::Receiver<Snapshot>,
    watchers: Arc<AtomicUsize>,
    outbox: Arc<Semaphore>,
    stop: CancellationToken,
}

impl Handle {
    pub(super) fn new(
        mailbox: mpsc::Sender<Ask>,
        snapshot: watch::Receiver<Snapshot>,
        watchers: Arc<AtomicUsize>,
        outbox_limit: usize,
        stop: CancellationToken,
    ) -> Self {
        Self { mailbox, snapshot, watchers, outbox: Arc::new(Semaphore::new(outbox_limit)), stop }
    }

    /// The session as it is now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// How many look at this session's QR over a stream.
    pub(crate) fn watchers(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.watchers)
    }

    /// A place in the outbox, or the word that it is full.
    pub(crate) fn reserve_outbox_slot(&self) -> Result<OutboxSlot, GatewayError> {
        Arc::clone(&self.outbox).try_acquire_owned().map(OutboxSlot).map_err(|_| GatewayError::OutboxFull)
    }

    /// Tells the actor and waits for its answer.
    pub(crate) async fn ask<T>(&self, make: impl FnOnce(Reply<T>) -> Ask) -> Result<T, GatewayError> {
        let answer = self.tell(make).await?;
        answer.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Tells the actor; the answer can be waited for, or not.
    pub(crate) async fn tell<T>(
        &self,
        make: impl FnOnce(Reply<T>) -> Ask,
    ) -> Result<Answer<T>, GatewayError> {
        let (reply, answer) = oneshot::channel();
        match self.mailbox.send(make(reply)).await {
            Ok(()) => Ok(answer),
            Err(_) => Err(self.gone()),
        }
    }

    /// Whether both are the outside of one actor.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.mailbox.same_channel(&other.mailbox)
    }

    fn gone(&self) -> GatewayError {
        if self.stop.is_cancelled() {
            GatewayError::Stopping
        } else if self.mailbox.is_closed() {
            GatewayError::session_not_found(&self.snapshot.borrow().session.id)
        } else {
            GatewayError::WorkerRestarted
        }
    }
}
