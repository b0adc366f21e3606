//! A simulated network, an engine on it, and an inbox that remembers.

use async_trait::async_trait;
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::id::SessionId;
use enlace_domain::message::Content;
use enlace_domain::port::whatsapp::{OpenRequest, Outgoing};
use enlace_domain::port::{
    Connection, ConnectionEvent, EndReason, InboundMessage, Inbox, InboxError, Receipt, StoreError, WhatsApp,
};
use enlace_domain::session::Network;
use enlace_engine::{BytePipe, Door, EngineConfig, SimulatorNetwork, WebEngine};
use enlace_simulator::{Phone, Simulator, SimulatorConfig};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;
use wacore::store::InMemoryBackend;

/// Longer than anything may take; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A network and an engine on it.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) engine: WebEngine,
    pub(crate) stores: Stores,
}

/// A failed test shows what went over the wire.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.simulator.trace(None, 0) {
                let _ = writeln!(std::io::stderr(), "{} {:?} {}", line.connection, line.direction, line.xml);
            }
        }
    }
}

/// Key stores in memory, one per session.
#[derive(Clone, Default)]
pub(crate) struct Stores(Arc<Mutex<HashMap<SessionId, Arc<InMemoryBackend>>>>);

impl Stores {
    pub(crate) fn of(&self, session: &SessionId) -> Arc<InMemoryBackend> {
        self.0.lock().unwrap().entry(session.clone()).or_default().clone()
    }

    pub(crate) fn wipe(&self, session: &SessionId) {
        self.0.lock().unwrap().remove(session);
    }
}

/// `count` times real time for QRs and the simulator's own pauses.
pub(crate) fn world(speed: f64) -> World {
    world_with(SimulatorConfig { speed, ..SimulatorConfig::default() })
}

pub(crate) fn world_with(config: SimulatorConfig) -> World {
    let speed = config.speed;
    let simulator = Simulator::start(config).unwrap();
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: simulator.noise_static_public_key(),
        door: door(&simulator),
        media_ca_pem: Some(simulator.media_ca_pem().to_owned()),
        speed,
    });
    World { engine: WebEngine::new(config), simulator, stores }
}

pub(crate) fn engine_config(stores: &Stores) -> EngineConfig {
    let stores = stores.clone();
    EngineConfig::new(Arc::new(move |session: &SessionId| stores.of(session)))
}

pub(crate) fn door(simulator: &Simulator) -> Door {
    let simulator = simulator.clone();
    Door::Pipe(Arc::new(move || {
        let pipe = simulator.connect();
        BytePipe { to_server: pipe.to_server, from_server: pipe.from_server }
    }))
}

pub(crate) fn session(name: &str) -> SessionId {
    SessionId::parse(name).unwrap()
}

pub(crate) fn number(phone: &Phone) -> PhoneNumber {
    PhoneNumber::parse(&phone.number()).unwrap()
}

/// A port that refuses everyone: bound and never listened on, so that nobody else gets it while the socket lives.
pub(crate) fn closed_port() -> (TcpSocket, u16) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    (held, port)
}

/// A text to a phone.
pub(crate) fn text(world: &World, to: &Phone, text: &str) -> Outgoing {
    Outgoing {
        wa_id: world.engine.new_message_id(),
        to: Jid::parse(&to.number()).unwrap(),
        content: Content::Text(text.to_owned()),
    }
}

/// What a connection said.
pub(crate) struct Heard {
    events: mpsc::UnboundedReceiver<ConnectionEvent>,
    messages: mpsc::UnboundedReceiver<InboundMessage>,
    receipts: mpsc::UnboundedReceiver<Receipt>,
}

/// The inbox; keeps nothing while `broken`.
pub(crate) struct Recorder {
    events: mpsc::UnboundedSender<ConnectionEvent>,
    messages: mpsc::UnboundedSender<InboundMessage>,
    receipts: mpsc::UnboundedSender<Receipt>,
    broken: AtomicBool,
}

impl Recorder {
    pub(crate) fn break_storage(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), InboxError> {
        if self.broken.load(Ordering::SeqCst) { Err(InboxError::Store(StoreError::Full)) } else { Ok(()) }
    }
}

pub(crate) fn recorder() -> (Arc<Recorder>, Heard) {
    let (event, events) = mpsc::unbounded_channel();
    let (message, messages) = mpsc::unbounded_channel();
    let (receipt, receipts) = mpsc::unbounded_channel();
    let recorder =
        Recorder { events: event, messages: message, receipts: receipt, broken: AtomicBool::new(false) };
    (Arc::new(recorder), Heard { events, messages, receipts })
}

#[async_trait]
impl Inbox for Recorder {
    async fn connection(&self, event: ConnectionEvent) {
        let _ = self.events.send(event);
    }

    async fn messages(&self, batch: Vec<InboundMessage>) -> Result<(), InboxError> {
        self.check()?;
        for message in batch {
            let _ = self.messages.send(message);
        }
        Ok(())
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), InboxError> {
        self.check()?;
        let _ = self.receipts.send(receipt);
        Ok(())
    }
}

async fn patiently<T>(what: &str, future: impl Future<Output = Option<T>>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("never came: {what}"))
        .expect("closed")
}

/// Waits for what comes true in its own time and tells nobody.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    patiently(what, async {
        while !holds() {
            tokio::task::yield_now().await;
        }
        Some(())
    })
    .await;
}

impl Heard {
    pub(crate) async fn event(&mut self) -> ConnectionEvent {
        patiently("an event", self.events.recv()).await
    }

    /// The next event that `pick` takes, skipping others. Panics at the end of the connection.
    pub(crate) async fn find<T>(&mut self, what: &str, pick: impl Fn(&ConnectionEvent) -> Option<T>) -> T {
        loop {
            let event = patiently(what, self.events.recv()).await;
            if let Some(found) = pick(&event) {
                return found;
            }
            assert!(!matches!(event, ConnectionEvent::Ended(_)), "{what} never came: {event:?}");
        }
    }

    pub(crate) async fn qr(&mut self) -> String {
        self.find("a QR", |event| match event {
            ConnectionEvent::Qr { payload, .. } => Some(payload.expose_secret().to_owned()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn online(&mut self) -> Option<String> {
        self.find("online", |event| match event {
            ConnectionEvent::Online { push_name } => Some(push_name.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn ended(&mut self) -> EndReason {
        self.find("the end", |event| match event {
            ConnectionEvent::Ended(reason) => Some(reason.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn message(&mut self) -> InboundMessage {
        patiently("a message", self.messages.recv()).await
    }

    pub(crate) async fn receipt(&mut self) -> Receipt {
        patiently("a receipt", self.receipts.recv()).await
    }

    /// Nothing more can come, and nothing more did.
    pub(crate) async fn assert_over(&mut self) {
        assert!(self.events.recv().await.is_none());
        assert!(self.messages.recv().await.is_none());
        assert!(self.receipts.recv().await.is_none());
    }
}

impl World {
    pub(crate) async fn open(&self, name: &str, linked: bool) -> (Arc<dyn Connection>, Heard) {
        let (connection, heard, _) = self.open_with(name, linked, false).await;
        (connection, heard)
    }

    pub(crate) async fn open_with(
        &self,
        name: &str,
        linked: bool,
        mark_online: bool,
    ) -> (Arc<dyn Connection>, Heard, Arc<Recorder>) {
        let (recorder, heard) = recorder();
        let request = OpenRequest {
            session: session(name),
            network: Network::Simulator,
            linked,
            mark_online,
            proxy: None,
        };
        let connection = self.engine.open(request, recorder.clone()).await.unwrap();
        (connection, heard, recorder)
    }

    /// Links a session to a phone by QR and brings it online.
    pub(crate) async fn link(&self, name: &str, phone: &Phone) -> (Arc<dyn Connection>, Heard) {
        let (_, mut heard) = self.open(name, false).await;
        let qr = heard.qr().await;
        phone.scan(&qr).await.unwrap();
        assert_eq!(heard.ended().await, EndReason::RestartRequired);
        let (connection, mut heard) = self.open(name, true).await;
        heard.online().await;
        (connection, heard)
    }
}
