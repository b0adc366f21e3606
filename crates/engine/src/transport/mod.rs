//! The library's transport, observed: a failed dial produces no event of the library, so it is seen here.

mod pipe;
mod web_socket;

use crate::config::Door;
use crate::decode::receipt::Incomplete;
use crate::proxy::ProxyError;
use crate::receipts::Backlog;
use anyhow::Error;
use async_trait::async_trait;
use bytes::Bytes;
use enlace_domain::proxy::Proxy;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use wacore::net::{Transport, TransportEvent, TransportFactory};
use web_socket::WebSocket;

/// How connections of one network are dialled. Shared by all of them, with one set of trusted roots.
#[derive(Clone)]
pub(crate) enum Dialler {
    /// In this process.
    Pipe(Arc<dyn Fn() -> crate::config::BytePipe + Send + Sync>),
    /// Over a WebSocket.
    WebSocket(Arc<WebSocket>),
}

impl Dialler {
    /// For WhatsApp, or a server that claims to be it; `authority` as in [`WebSocket::new`].
    pub(crate) fn web_socket(url: &str, authority: Option<&str>) -> Self {
        Self::WebSocket(Arc::new(WebSocket::new(url, authority)))
    }

    /// For a simulated network.
    pub(crate) fn door(door: &Door) -> Self {
        match door {
            Door::Pipe(dial) => Self::Pipe(dial.clone()),
            Door::WebSocket(url) => Self::web_socket(url, None),
        }
    }

    /// Whether what it dials leaves this process, and so goes through a session's proxy.
    pub(crate) fn leaves(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }
}

/// How far a dial got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    NotDialled,
    Dialling,
    DialFailed,
    ProxyFailed(&'static str),
    CertificateRefused,
    HandshakeUnderWay,
    ClosedByServer,
    SilentServer,
}

/// What became of a connection's dial and handshake.
pub(crate) struct Dial {
    stage: Mutex<Stage>,
    spoken: AtomicBool,
    cut: AtomicBool,
    handshake_timeout: Duration,
}

impl Dial {
    /// `handshake_timeout`: how long the library waits for the server's half of the handshake.
    pub(crate) fn new(handshake_timeout: Duration) -> Self {
        Self {
            stage: Mutex::new(Stage::NotDialled),
            spoken: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            handshake_timeout,
        }
    }

    /// The server spoke its first stanza: the handshake is done.
    pub(crate) fn spoken(&self) {
        self.spoken.store(true, Ordering::Release);
    }

    /// From now on nothing leaves, above all no acknowledgement.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }

    /// Why there never was a connection, as a stable word; `None` when there was one.
    pub(crate) fn failure(&self) -> Option<&'static str> {
        if self.spoken.load(Ordering::Acquire) {
            return None;
        }
        Some(match *self.stage.lock() {
            Stage::NotDialled | Stage::DialFailed => "dial-failed",
            Stage::Dialling => "dial-timeout",
            Stage::ProxyFailed(reason) => reason,
            Stage::CertificateRefused => "certificate-refused",
            Stage::SilentServer => "handshake-timeout",
            Stage::HandshakeUnderWay | Stage::ClosedByServer => "handshake-failed",
        })
    }

    fn reach(&self, stage: Stage) {
        *self.stage.lock() = stage;
    }
}

/// Dials once and watches how it goes.
pub(crate) struct ObservedFactory {
    /// Who dials.
    pub(crate) dialler: Dialler,
    /// What it goes through.
    pub(crate) proxy: Option<Proxy>,
    /// Where it is noted.
    pub(crate) dial: Arc<Dial>,
    /// What must be kept before a frame leaves.
    pub(crate) receipts: Arc<Backlog<Incomplete>>,
}

type Opened = (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>);

#[async_trait]
impl TransportFactory for ObservedFactory {
    async fn create_transport(&self) -> Result<Opened, Error> {
        self.dial.reach(Stage::Dialling);
        let opened = match &self.dialler {
            Dialler::Pipe(dial) => Ok(pipe::open(dial())),
            Dialler::WebSocket(socket) => socket.open(self.proxy.as_ref()).await,
        };
        let (inner, events) = opened.inspect_err(|error| self.dial.reach(stage_of(error)))?;
        self.dial.reach(Stage::HandshakeUnderWay);
        let observed = ObservedTransport {
            inner,
            dial: self.dial.clone(),
            receipts: self.receipts.clone(),
            events: events.downgrade(),
            sent: AtomicUsize::new(0),
            since: Instant::now(),
        };
        Ok((Arc::new(observed), events))
    }
}

/// A TLS failure is only told apart by its text, which says "certificate".
fn stage_of(error: &Error) -> Stage {
    if let Some(error) = error.downcast_ref::<ProxyError>() {
        return Stage::ProxyFailed(error.reason());
    }
    let text = format!("{error:#}");
    if text.contains("certificate") { Stage::CertificateRefused } else { Stage::DialFailed }
}

struct ObservedTransport {
    inner: Arc<dyn Transport>,
    dial: Arc<Dial>,
    receipts: Arc<Backlog<Incomplete>>,
    events: async_channel::WeakReceiver<TransportEvent>,
    sent: AtomicUsize,
    since: Instant,
}

impl ObservedTransport {
    /// The library hangs up in the middle of the handshake: it sent its hello and nothing after. If the server closed,
    /// or never answered, the handshake failed for that; else its answer did not stand the test of the certificates.
    fn hung_up(&self) -> Stage {
        let closed = self.events.upgrade().is_none_or(|events| events.is_closed());
        if closed {
            Stage::ClosedByServer
        } else if self.since.elapsed() >= self.dial.handshake_timeout.mul_f64(0.9) {
            Stage::SilentServer
        } else {
            Stage::CertificateRefused
        }
    }
}

#[async_trait]
impl Transport for ObservedTransport {
    async fn send(&self, data: Bytes) -> Result<(), Error> {
        // The frame may acknowledge any receipt that was told so far.
        let settled = self.receipts.settled().await;
        if !settled || self.dial.cut.load(Ordering::Acquire) {
            return Err(Error::msg("the connection was cut"));
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.send(data).await
    }

    async fn disconnect(&self) {
        if self.sent.load(Ordering::Relaxed) == 1 && self.dial.failure().is_some() {
            self.dial.reach(self.hung_up());
        }
        self.inner.disconnect().await;
    }
}
