//! A simulated network behind TLS, an engine that takes it for WhatsApp, and an inbox that remembers.

use async_trait::async_trait;
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::id::SessionId;
use enlace_domain::message::Content;
use enlace_domain::port::whatsapp::{OpenRequest, Outgoing};
use enlace_domain::port::{
    Connection, ConnectionEvent, EndReason, InboundMessage, Inbox, InboxError, Receipt, WhatsApp,
};
use enlace_domain::proxy::Proxy;
use enlace_domain::session::Network;
use enlace_engine::{Companion, EngineConfig, VersionPolicy, WebEngine, WhatsappNetwork};
use enlace_simulator::{Phone, Simulator, SimulatorConfig};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use wacore::store::InMemoryBackend;

/// Longer than anything may take; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A network and an engine on it.
pub struct World {
    pub simulator: Simulator,
    pub engine: WebEngine,
}

/// How the engine is set up, where it matters.
pub struct Setup {
    pub companion: Companion,
    /// Whether the engine trusts the authority that signed the simulator's TLS certificate.
    pub trusts: bool,
    pub version: VersionPolicy,
}

impl Default for Setup {
    fn default() -> Self {
        let version = VersionPolicy { url: String::new(), ..VersionPolicy::default() };
        Self { companion: Companion::default(), trusts: true, version }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
        let (address, certificate) = serve(&simulator).await;
        let stores: Arc<Mutex<HashMap<SessionId, Arc<InMemoryBackend>>>> = Arc::default();
        let mut config = EngineConfig::new(Arc::new(move |session: &SessionId| {
            stores.lock().unwrap().entry(session.clone()).or_default().clone()
        }));
        config.companion = setup.companion;
        config.whatsapp = Some(WhatsappNetwork {
            url: format!("wss://{address}/ws/chat"),
            tls_authority: setup.trusts.then_some(certificate),
            version: setup.version,
            ..WhatsappNetwork::default()
        });
        Self { simulator, engine: WebEngine::new(config) }
    }

    /// Opens a connection of a session of the network `whatsapp`.
    pub async fn open(&self, name: &str, linked: bool) -> (Arc<dyn Connection>, Heard) {
        self.open_through(name, linked, None).await
    }

    pub async fn open_through(
        &self,
        name: &str,
        linked: bool,
        proxy: Option<Proxy>,
    ) -> (Arc<dyn Connection>, Heard) {
        let (inbox, heard) = inbox();
        let session = SessionId::parse(name).unwrap();
        let request = OpenRequest { session, network: Network::Whatsapp, linked, mark_online: false, proxy };
        (self.engine.open(request, inbox).await.unwrap(), heard)
    }

    /// Links a session by QR and brings it online.
    pub async fn link(&self, name: &str, phone: &Phone) -> (Arc<dyn Connection>, Heard) {
        let (_, mut heard) = self.open(name, false).await;
        phone.scan(&heard.qr().await).await.unwrap();
        assert_eq!(heard.ended().await, EndReason::RestartRequired);
        let (connection, mut heard) = self.open(name, true).await;
        heard.online().await;
        (connection, heard)
    }

    pub fn text(&self, to: &Phone, text: &str) -> Outgoing {
        Outgoing {
            wa_id: self.engine.new_message_id(),
            to: Jid::parse(&to.number()).unwrap(),
            content: Content::Text(text.to_owned()),
        }
    }
}

pub fn number(phone: &Phone) -> PhoneNumber {
    PhoneNumber::parse(&phone.number()).unwrap()
}

pub fn lost(reason: &str) -> EndReason {
    EndReason::Lost { reason: reason.to_owned() }
}

/// The simulator's WebSocket door behind TLS; gives its address and the certificate, which signed itself.
async fn serve(simulator: &Simulator) -> (SocketAddr, String) {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = plain.local_addr().unwrap();
    let service = simulator.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(plain, service).await });

    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up here.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(door).await.unwrap();
                let _ = copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    (address, made.cert.pem())
}

/// An HTTP proxy; gives it, and how many ways it opened.
pub async fn proxy() -> (Proxy, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let place = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
                let mut other = TcpStream::connect(place).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut other).await;
            });
        }
    });
    (proxy, opened)
}

/// What a connection said.
pub struct Heard {
    events: mpsc::UnboundedReceiver<ConnectionEvent>,
    messages: mpsc::UnboundedReceiver<InboundMessage>,
}

struct Recorder {
    events: mpsc::UnboundedSender<ConnectionEvent>,
    messages: mpsc::UnboundedSender<InboundMessage>,
}

fn inbox() -> (Arc<dyn Inbox>, Heard) {
    let (event, events) = mpsc::unbounded_channel();
    let (message, messages) = mpsc::unbounded_channel();
    (Arc::new(Recorder { events: event, messages: message }), Heard { events, messages })
}

#[async_trait]
impl Inbox for Recorder {
    async fn connection(&self, event: ConnectionEvent) {
        let _ = self.events.send(event);
    }

    async fn messages(&self, batch: Vec<InboundMessage>) -> Result<(), InboxError> {
        for message in batch {
            let _ = self.messages.send(message);
        }
        Ok(())
    }

    async fn receipt(&self, _: Receipt) -> Result<(), InboxError> {
        Ok(())
    }
}

impl Heard {
    /// The first event that `pick` takes, skipping others.
    async fn find<T>(&mut self, what: &str, pick: impl Fn(&ConnectionEvent) -> Option<T>) -> T {
        let look = async {
            loop {
                let event = self.events.recv().await.expect("an end is told");
                if let Some(found) = pick(&event) {
                    return found;
                }
                assert!(!matches!(event, ConnectionEvent::Ended(_)), "{what} never came: {event:?}");
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("never came: {what}"))
    }

    pub async fn qr(&mut self) -> String {
        self.find("a QR", |event| match event {
            ConnectionEvent::Qr { payload, .. } => Some(payload.expose_secret().to_owned()),
            _ => None,
        })
        .await
    }

    pub async fn online(&mut self) {
        self.find("online", |event| matches!(event, ConnectionEvent::Online { .. }).then_some(())).await;
    }

    pub async fn ended(&mut self) -> EndReason {
        self.find("the end", |event| match event {
            ConnectionEvent::Ended(reason) => Some(reason.clone()),
            _ => None,
        })
        .await
    }

    pub async fn message(&mut self) -> InboundMessage {
        let message = tokio::time::timeout(PATIENCE, self.messages.recv()).await;
        message.expect("a message comes").expect("the inbox is open")
    }
}
