//! A gateway on SQLite in a temporary folder and a WhatsApp network in memory.

use crate::disk::Disk;
use enlace_domain::address::{Jid, Person, PhoneNumber};
use enlace_domain::clock::SystemClock;
use enlace_domain::event::{Event, EventFilter};
use enlace_domain::id::SessionId;
use enlace_domain::link::{LinkMethod, Qr};
use enlace_domain::message::Content;
use enlace_domain::port::inbox::InboundMessage;
use enlace_domain::port::store::{Change, Entry, Store as _};
use enlace_domain::session::{Session, StateName};
use enlace_sessions::{
    CreateSession, Cursor, EventHub, EventReader, Gateway, GatewayError, GatewayParts, LinkAnswer,
    LinkRequest, SendMessage, SessionsConfig,
};
use enlace_store_sqlite::{SealingKey, SqliteStore};
use enlace_testkit::{FakeConnection, FakeWhatsApp};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// How long a test waits for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) network: Arc<FakeWhatsApp>,
    pub(crate) disk: Arc<Disk>,
    config: SessionsConfig,
    folder: TempDir,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(SessionsConfig::default()).await
    }

    pub(crate) async fn with(config: SessionsConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = FakeWhatsApp::new();
        let (gateway, disk) = start(&folder, &network, &config).await;
        Self { gateway, network, disk, config, folder }
    }

    /// The gateway ends and starts again on the same folder.
    pub(crate) async fn restart(self) -> Self {
        let config = self.config.clone();
        self.restart_with(config).await
    }

    /// The same with other settings.
    pub(crate) async fn restart_with(self, config: SessionsConfig) -> Self {
        let Self { gateway, network, disk, folder, .. } = self;
        gateway.shutdown().await;
        disk.inner.close().await;
        drop(gateway);
        drop(disk);
        let (gateway, disk) = start(&folder, &network, &config).await;
        Self { gateway, network, disk, config, folder }
    }

    pub(crate) async fn create(&self, id: &str) -> SessionId {
        let id = SessionId::parse(id).unwrap();
        let request = CreateSession { id: Some(id.clone()), ..CreateSession::default() };
        self.gateway.create_session(request).await.unwrap();
        id
    }

    /// A session that is linked and online, and its connection.
    pub(crate) async fn online(&self, id: &str) -> (SessionId, Arc<FakeConnection>) {
        let id = self.create(id).await;
        let connection = self.begin_qr(&id).await;
        connection.pair("999100000001").await;
        let connection = self.network.next_connection().await;
        connection.go_online().await;
        self.wait_for(&id, StateName::Online).await;
        (id, connection)
    }

    /// Asks for a link in the background.
    pub(crate) fn asks(
        &self,
        id: &SessionId,
        request: LinkRequest,
    ) -> JoinHandle<Result<LinkAnswer, GatewayError>> {
        let (gateway, id) = (Arc::clone(&self.gateway), id.clone());
        tokio::spawn(async move { gateway.link(&id, request).await })
    }

    /// Looks at the QR in the background.
    pub(crate) fn looks(&self, id: &SessionId) -> JoinHandle<Result<Arc<Qr>, GatewayError>> {
        let (gateway, id) = (Arc::clone(&self.gateway), id.clone());
        tokio::spawn(async move { gateway.qr(&id, PATIENCE).await })
    }

    /// Begins a link by QR and returns its connection after showing one QR.
    pub(crate) async fn begin_qr(&self, id: &SessionId) -> Arc<FakeConnection> {
        self.begin(id, by_qr()).await
    }

    /// The same with a request of its own.
    pub(crate) async fn begin(&self, id: &SessionId, request: LinkRequest) -> Arc<FakeConnection> {
        let asker = self.asks(id, request);
        let connection = self.network.next_connection().await;
        connection.show_qr("first").await;
        asker.await.unwrap().unwrap();
        connection
    }

    pub(crate) fn state(&self, id: &SessionId) -> Arc<Session> {
        self.gateway.session(id).unwrap().session
    }

    /// Waits until the session is in a state.
    pub(crate) async fn wait_for(&self, id: &SessionId, name: StateName) -> Arc<Session> {
        self.wait_until(id, &format!("{name:?}"), |session| session.state.name == name).await
    }

    /// Waits until the session is in a state that may be told of nobody yet.
    pub(crate) async fn wait_for_unstored(&self, id: &SessionId, name: StateName) -> Arc<Session> {
        let waiting = async {
            while self.state(id).state.name != name {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("it never got there");
        self.state(id)
    }

    /// Waits until the session's state has a reason.
    pub(crate) async fn wait_for_reason(&self, id: &SessionId, reason: &str) -> Arc<Session> {
        self.wait_until(id, reason, |session| session.state.reason.as_deref() == Some(reason)).await
    }

    async fn wait_until(&self, id: &SessionId, what: &str, holds: impl Fn(&Session) -> bool) -> Arc<Session> {
        let mut events = self.events_from(0).await;
        let waiting = async {
            loop {
                let session = self.state(id);
                if holds(&session) {
                    return session;
                }
                events.next().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("{id} is {:?}, not {what}", self.state(id).state))
    }

    pub(crate) async fn events_from(&self, cursor: u64) -> EventReader {
        self.gateway.read_events(EventFilter::default(), Cursor::After(cursor)).await.unwrap()
    }

    /// Waits until an event of this type was told.
    pub(crate) async fn wait_for_event(&self, kind: &str) -> Arc<Event> {
        let mut events = self.events_from(0).await;
        let waiting = async {
            loop {
                let batch = events.next().await.unwrap();
                if let Some(found) = batch.into_iter().find(|event| event.kind.as_str() == kind) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{kind} was never told"))
    }

    /// Every event so far.
    pub(crate) async fn events(&self) -> Vec<Arc<Event>> {
        // What can be read of a session is on its way to the disk, and the writer keeps the order.
        let nothing = Entry { change: Change::None, event: None };
        self.disk.inner.commit(vec![nothing]).await.unwrap();
        self.disk.inner.events_after(0, &EventFilter::default(), usize::MAX).await.unwrap()
    }

    /// The names of the states a session went through.
    pub(crate) async fn states(&self, id: &SessionId) -> Vec<String> {
        let events = self.events().await;
        let of = |event: &&Arc<Event>| event.session == *id && event.kind.as_str() == "session.state";
        let name = |event: &Arc<Event>| {
            let state = &event.data["state"];
            let step = state["step"].as_str().map(|step| format!(":{step}")).unwrap_or_default();
            format!("{}{step}", state["name"].as_str().unwrap())
        };
        events.iter().filter(of).map(name).collect()
    }
}

async fn start(
    folder: &TempDir,
    network: &Arc<FakeWhatsApp>,
    config: &SessionsConfig,
) -> (Arc<Gateway>, Arc<Disk>) {
    let hub = Arc::new(EventHub::new());
    let path = folder.path().join("enlace.db");
    let sealing = SealingKey::from_bytes(&[7; 32]);
    let store = SqliteStore::open(&path, sealing, hub.clone(), Arc::new(SystemClock)).await.unwrap();
    let disk = Arc::new(Disk::new(store));
    let parts = GatewayParts {
        store: disk.clone(),
        whatsapp: network.clone(),
        hub,
        clock: Arc::new(SystemClock),
        config: config.clone(),
    };
    (Gateway::start(parts).await.unwrap(), disk)
}

pub(crate) fn by_qr() -> LinkRequest {
    LinkRequest {
        method: LinkMethod::Qr,
        phone: None,
        force: false,
        expect_phone: None,
        custom_code: None,
        wait: PATIENCE,
    }
}

pub(crate) fn by_code(phone: &str) -> LinkRequest {
    LinkRequest { method: LinkMethod::Code, phone: Some(PhoneNumber::parse(phone).unwrap()), ..by_qr() }
}

pub(crate) fn forced(request: LinkRequest) -> LinkRequest {
    LinkRequest { force: true, ..request }
}

pub(crate) fn text(to: &str, text: &str) -> SendMessage {
    SendMessage {
        to: Jid::parse(to).unwrap(),
        content: Content::Text(text.to_owned()),
        wait: PATIENCE,
        idempotency: None,
    }
}

/// A text from 999100000002.
pub(crate) fn inbound(wa_id: &str, text: &str) -> InboundMessage {
    let from = Jid::parse("999100000002").unwrap();
    let lid = Jid::parse("100000000002@lid").unwrap();
    let person = Person::from_jids([from.clone(), lid.clone()]);
    InboundMessage {
        wa_id: wa_id.to_owned(),
        chat: lid.clone(),
        chat_person: person.clone(),
        from: lid,
        from_person: person,
        from_me: false,
        push_name: Some("Bruno".to_owned()),
        at: chrono::Utc::now(),
        content: Content::Text(text.to_owned()),
    }
}
