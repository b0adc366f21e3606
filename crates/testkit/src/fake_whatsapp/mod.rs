//! A WhatsApp network in memory, behind our own port: a test opens sessions against it, takes the connections that
//! come, and says what happens on each. It does nothing by itself unless it is told to answer like a friendly network
//! ([`FakeWhatsApp::friendly`]).

mod connection;

use async_trait::async_trait;
pub use connection::FakeConnection;
use enlace_domain::address::{Jid, Person};
use enlace_domain::id::SessionId;
use enlace_domain::port::inbox::Inbox;
use enlace_domain::port::whatsapp::{Connection, EngineError, Identity, OpenRequest, WhatsApp};
use enlace_domain::session::Network;
use secrecy::{ExposeSecret, SecretString};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(20);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The network.
pub struct FakeWhatsApp {
    opened: mpsc::UnboundedSender<Arc<FakeConnection>>,
    connections: tokio::sync::Mutex<mpsc::UnboundedReceiver<Arc<FakeConnection>>>,
    identities: Mutex<HashMap<SessionId, Identity>>,
    people: Mutex<Vec<Person>>,
    missing: Mutex<Vec<Network>>,
    forget_answers: Mutex<VecDeque<Result<(), EngineError>>>,
    forgotten: Mutex<Vec<(OpenRequest, String)>>,
    panics: AtomicBool,
    holding_codes: AtomicBool,
    friendly: AtomicBool,
    ids: AtomicU64,
}

impl Default for FakeWhatsApp {
    fn default() -> Self {
        let (opened, connections) = mpsc::unbounded_channel();
        Self {
            opened,
            connections: tokio::sync::Mutex::new(connections),
            identities: Mutex::default(),
            people: Mutex::default(),
            missing: Mutex::default(),
            forget_answers: Mutex::default(),
            forgotten: Mutex::default(),
            panics: AtomicBool::new(false),
            holding_codes: AtomicBool::new(false),
            friendly: AtomicBool::new(false),
            ids: AtomicU64::new(1),
        }
    }
}

impl FakeWhatsApp {
    /// A network that waits to be told everything.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A network that shows a QR to whoever links and lets in whoever logs in.
    pub fn friendly() -> Arc<Self> {
        let fake = Self::default();
        fake.friendly.store(true, Ordering::Relaxed);
        Arc::new(fake)
    }

    /// The next connection that a session opens.
    pub async fn next_connection(&self) -> Arc<FakeConnection> {
        let mut connections = self.connections.lock().await;
        let next = tokio::time::timeout(PATIENCE, connections.recv()).await;
        next.expect("no session opened a connection").expect("the network holds the sender")
    }

    /// Whether a connection was opened that no test has taken.
    pub async fn has_unseen_connection(&self) -> bool {
        !self.connections.lock().await.is_empty()
    }

    /// From now on this network is not configured.
    pub fn withdraw(&self, network: Network) {
        lock(&self.missing).push(network);
    }

    /// As if a completed pairing lay in the key store.
    pub fn remember(&self, session: &SessionId, identity: Identity) {
        lock(&self.identities).insert(session.clone(), identity);
    }

    /// How the next request to forget a retired device is answered. Unscripted ones are acknowledged.
    pub fn answer_forget(&self, answer: Result<(), EngineError>) {
        lock(&self.forget_answers).push_back(answer);
    }

    /// The keys of the devices that this network was asked to forget, each time it was asked.
    pub fn forgotten(&self) -> Vec<String> {
        lock(&self.forgotten).iter().map(|(_, keys)| keys.clone()).collect()
    }

    /// How it was dialled for that, each time.
    pub fn forget_requests(&self) -> Vec<OpenRequest> {
        lock(&self.forgotten).iter().map(|(request, _)| request.clone()).collect()
    }

    /// As if every session had learnt both addresses of this person.
    pub fn learn(&self, person: Person) {
        lock(&self.people).push(person);
    }

    /// No request for a code is answered on connections opened from now on.
    pub fn hold_codes(&self) {
        self.holding_codes.store(true, Ordering::Relaxed);
    }

    /// The next open panics.
    pub fn panic_once(&self) {
        self.panics.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl WhatsApp for FakeWhatsApp {
    fn offers(&self, network: Network) -> bool {
        !lock(&self.missing).contains(&network)
    }

    async fn open(
        &self,
        request: OpenRequest,
        inbox: Arc<dyn Inbox>,
    ) -> Result<Arc<dyn Connection>, EngineError> {
        assert!(!self.panics.swap(false, Ordering::Relaxed), "the test asked for this panic");
        let connection = Arc::new(FakeConnection::new(request, inbox));
        if self.holding_codes.load(Ordering::Relaxed) {
            connection.hold_codes();
        }
        if self.friendly.load(Ordering::Relaxed) {
            let answering = Arc::clone(&connection);
            tokio::spawn(async move {
                if answering.request.linked {
                    answering.go_online().await;
                } else {
                    answering.show_qr("friendly").await;
                }
            });
        }
        // A test that does not look at connections has dropped nothing it needs.
        let _ = self.opened.send(Arc::clone(&connection));
        Ok(connection)
    }

    async fn identity(&self, session: &SessionId) -> Result<Option<Identity>, EngineError> {
        Ok(lock(&self.identities).get(session).cloned())
    }

    async fn device_keys(&self, session: &SessionId) -> Result<Option<SecretString>, EngineError> {
        Ok(Some(format!("keys of {session}").into()))
    }

    async fn forget_device(&self, request: OpenRequest, keys: &SecretString) -> Result<(), EngineError> {
        lock(&self.forgotten).push((request, keys.expose_secret().to_owned()));
        lock(&self.forget_answers).pop_front().unwrap_or(Ok(()))
    }

    async fn person(&self, _: &SessionId, address: &Jid) -> Result<Person, EngineError> {
        let is = |known: &Option<Jid>| known.as_ref() == Some(address);
        let known = lock(&self.people).iter().find(|person| is(&person.pn) || is(&person.lid)).cloned();
        Ok(known.unwrap_or_else(|| Person::from_jids([address.clone()])))
    }

    fn new_message_id(&self) -> String {
        format!("3EB0{:018X}", self.ids.fetch_add(1, Ordering::Relaxed))
    }
}
