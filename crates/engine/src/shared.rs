//! What the parts of one connection share. Holds no client, so that the client can be dropped while this is kept.

use crate::config::Limits;
use crate::decode::receipt::Incomplete;
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
    /// Cancelled to ask for the end.
    pub(crate) abandoned: CancellationToken,
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
    qr: Mutex<Option<ShownQr>>,
    end: Mutex<Option<EndReason>>,
}

struct ShownQr {
    reference: String,
    until: Instant,
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
            abandoned: CancellationToken::new(),
            ended: CancellationToken::new(),
            panicked: CancellationToken::new(),
            offered: CancellationToken::new(),
            code_live: AtomicBool::new(false),
            paired: AtomicBool::new(false),
            online: AtomicBool::new(false),
            qr: Mutex::new(None),
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

    /// How long a payload will be honoured. The library gives each reference 60 s or 20 s of its own time, and draws
    /// it again when its secret changes; a redrawn one keeps the end of its reference.
    pub(crate) fn qr_validity(&self, payload: &str, timeout: Duration, now: Instant) -> Duration {
        let reference = payload.split(',').next().unwrap_or_default();
        let mut shown = self.qr.lock();
        match &*shown {
            Some(qr) if qr.reference == reference => qr.until.saturating_duration_since(now),
            _ => {
                let validity = timeout.div_f64(self.speed);
                *shown = Some(ShownQr { reference: reference.to_owned(), until: now + validity });
                validity
            }
        }
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
    fn a_redrawn_qr_keeps_the_end_of_its_reference() {
        let shared = shared(2.0);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let ask = |payload, timeout, now| {
            shared.qr_validity(payload, Duration::from_secs(timeout), at(now)).as_secs()
        };
        assert_eq!(ask("https://x#r1,a,b,c,1", 60, 0), 30);
        assert_eq!(ask("https://x#r1,a,b,d,1", 50, 10), 20);
        assert_eq!(ask("https://x#r2,a,b,d,1", 20, 30), 10);
        assert_eq!(ask("https://x#r2,a,b,e,1", 0, 99), 0);
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
