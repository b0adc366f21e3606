//! What the parts of one connection share. Holds no client, so that the client can be dropped while this is kept.

use crate::config::Limits;
use crate::decode::receipt::Incomplete;
use crate::qr::Shown;
use crate::queue::{Item, Queue};
use crate::receipts::Backlog;
use crate::transport::Dial;
use enlace_domain::id::SessionId;
use enlace_domain::port::{ConnectionEvent, EndReason, Inbox, InboxError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::store::Device;

/// One connection's common ground.
pub(crate) struct Shared {
    /// Whose.
    pub(crate) session: SessionId,
    /// Who hears.
    pub(crate) inbox: Arc<dyn Inbox>,
    /// What waits to be heard.
    pub(crate) queue: Queue,
    /// Receipts that are not kept yet.
    pub(crate) receipts: Arc<Backlog<Incomplete>>,
    /// How dialling went.
    pub(crate) dial: Arc<Dial>,
    /// Who waits for which acknowledgement.
    pub(crate) acks: Acks,
    /// Bounds.
    pub(crate) limits: Limits,
    /// Whether the companion shows itself online.
    pub(crate) mark_online: bool,
    /// Divides what the library says about QR and code lifetimes.
    pub(crate) speed: f64,
    /// Whether the network is a simulated one.
    pub(crate) simulated: bool,
    /// Cancelled to ask for the end.
    pub(crate) abandoned: CancellationToken,
    /// Cancelled when the session itself asks for the end.
    pub(crate) closing: CancellationToken,
    /// Cancelled when nothing of the library lives any more. The inbox may still have to be told, so that a session
    /// that waits for the end inside its inbox waits for itself no longer than it must.
    pub(crate) ended: CancellationToken,
    /// Cancelled when a task of the library panicked.
    pub(crate) panicked: CancellationToken,
    /// Cancelled when the network first offered a QR, from when on it takes requests for codes.
    pub(crate) offered: CancellationToken,
    /// Whether a pairing code lives.
    pub(crate) code_live: AtomicBool,
    /// Whether the phone accepted on this connection.
    pub(crate) paired: AtomicBool,
    /// Whether `Online` was told.
    pub(crate) online: AtomicBool,
    /// The QR on show.
    pub(crate) qr: Shown,
    end: Mutex<Option<EndReason>>,
}

impl Shared {
    /// At the beginning of a connection.
    pub(crate) fn new(
        session: SessionId,
        inbox: Arc<dyn Inbox>,
        dial: Arc<Dial>,
        limits: Limits,
        mark_online: bool,
        speed: f64,
    ) -> Self {
        Self {
            session,
            inbox,
            queue: Queue::default(),
            receipts: Arc::default(),
            dial,
            acks: Acks::default(),
            limits,
            mark_online,
            speed,
            simulated: false,
            abandoned: CancellationToken::new(),
            closing: CancellationToken::new(),
            ended: CancellationToken::new(),
            panicked: CancellationToken::new(),
            offered: CancellationToken::new(),
            code_live: AtomicBool::new(false),
            paired: AtomicBool::new(false),
            online: AtomicBool::new(false),
            qr: Shown::default(),
            end: Mutex::new(None),
        }
    }

    /// Tells the inbox, in order, without waiting for it.
    pub(crate) fn tell(&self, event: ConnectionEvent) {
        self.queue.push(Item::Event(event));
    }

    /// Notes why it ends; the first reason stands.
    pub(crate) fn ends(&self, reason: EndReason) {
        self.end.lock().get_or_insert(reason);
    }

    /// Notes why it ends, and ends it.
    pub(crate) fn end_now(&self, reason: EndReason) {
        self.ends(reason);
        self.abandoned.cancel();
    }

    /// Why it ended, if anyone said so.
    pub(crate) fn end(&self) -> Option<EndReason> {
        self.end.lock().clone()
    }

    /// Whether it is ending or has ended.
    pub(crate) fn is_ending(&self) -> bool {
        self.abandoned.is_cancelled() || self.ended.is_cancelled() || self.end.lock().is_some()
    }

    /// What arrived could not be kept: nothing more leaves, so that nothing of it is acknowledged, and the network
    /// repeats it on the next connection.
    pub(crate) fn not_kept(&self, error: &InboxError) {
        self.dial.cut();
        if !matches!(error, InboxError::Retired) {
            tracing::error!(session = %self.session, %error, "what arrived could not be kept; the connection is cut");
        }
        self.end_now(crate::classify::lost("storage-failed"));
    }

    /// The library drew a QR: it is told, unless it is on show already.
    pub(crate) fn qr_drawn(&self, payload: &str, timeout: Duration) {
        let validity = timeout.div_f64(self.speed);
        self.qr
            .draw(payload, validity, Instant::now(), |payload, valid_for| self.tell_qr(payload, valid_for));
    }

    /// The secret may have changed: the QR on show is drawn anew if it did.
    pub(crate) fn redraw_qr(&self, device: &Device) {
        self.qr.redraw(device, |payload, valid_for| self.tell_qr(payload, valid_for));
    }

    fn tell_qr(&self, payload: &str, valid_for: Duration) {
        self.tell(ConnectionEvent::Qr { payload: payload.into(), valid_for });
    }

    /// The phone accepted in vain.
    pub(crate) fn pair_failed(&self, reason: &str, lives_on: bool) {
        self.tell(ConnectionEvent::PairFailed { reason: reason.to_owned(), lives_on });
    }

    /// The code is dead, unless it was never given out.
    pub(crate) fn code_died(&self, reason: String) {
        if self.code_live.swap(false, Ordering::AcqRel) {
            self.tell(ConnectionEvent::CodeDead { reason });
        }
    }
}

/// Sent messages that wait for the server's acknowledgement.
#[derive(Default)]
pub(crate) struct Acks(Mutex<HashMap<String, oneshot::Sender<Option<String>>>>);

impl Acks {
    /// Begins to wait for an id. The receiver gets the server's error code, or `None` for a plain acknowledgement.
    pub(crate) fn expect(&self, id: &str) -> oneshot::Receiver<Option<String>> {
        let (tell, told) = oneshot::channel();
        self.0.lock().insert(id.to_owned(), tell);
        told
    }

    /// Stops waiting.
    pub(crate) fn forget(&self, id: &str) {
        self.0.lock().remove(id);
    }

    /// The server answered.
    pub(crate) fn answered(&self, id: &str, error: Option<String>) {
        if let Some(tell) = self.0.lock().remove(id) {
            // Nobody waits any more only after a time-out.
            drop(tell.send(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::port::{InboundMessage, Receipt};

    struct Deaf;

    #[async_trait::async_trait]
    impl Inbox for Deaf {
        async fn connection(&self, _: ConnectionEvent) {}
        async fn messages(&self, _: Vec<InboundMessage>) -> Result<(), InboxError> {
            Ok(())
        }
        async fn receipt(&self, _: Receipt) -> Result<(), InboxError> {
            Ok(())
        }
    }

    fn shared(speed: f64) -> Shared {
        let session = SessionId::parse("ana").unwrap();
        let dial = Arc::new(Dial::new(Duration::from_secs(20)));
        Shared::new(session, Arc::new(Deaf), dial, Limits::default(), false, speed)
    }

    #[test]
    fn the_first_reason_stands() {
        let shared = shared(1.0);
        shared.ends(EndReason::Replaced);
        shared.end_now(EndReason::Closed);
        assert_eq!(shared.end(), Some(EndReason::Replaced));
        assert!(shared.abandoned.is_cancelled());
    }

    #[test]
    fn only_a_code_that_was_given_out_can_die() {
        let shared = shared(1.0);
        shared.code_died("refused".to_owned());
        shared.queue.close(ConnectionEvent::Ended(EndReason::Closed));
        let first = futures::executor::block_on(shared.queue.pop());
        assert!(matches!(first, Some(Item::Event(ConnectionEvent::Ended(_)))));
    }
}
