//! The API in process: a gateway on SQLite in a temporary folder, a WhatsApp network in memory, and keys.

pub(crate) mod answer;
pub(crate) mod sse;

pub(crate) use answer::Answer;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use enlace_domain::clock::{Clock, SystemClock};
use enlace_domain::id::{KeyId, SessionId};
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::port::Store;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::session::Network;
use enlace_sessions::{EventHub, Gateway, GatewayParts, SessionsConfig};
use enlace_store_sqlite::{SealingKey, SqliteStore};
use enlace_testkit::{FakeConnection, FakeWhatsApp};
use enlace_web::{BuildInfo, Metrics, PublicSettings, WebState};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt;

/// How long a test waits for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A payload as long as WhatsApp's are.
pub(crate) const PAYLOAD: &str = "2@a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=,MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=,c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0ISE=,1";

pub(crate) const ADMIN: &str = "admin-key";

/// Asks again until there is an answer, as long as a test waits for anything.
pub(crate) async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let answered = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("it came to pass")
}

pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) state: WebState,
    pub(crate) network: Arc<FakeWhatsApp>,
    pub(crate) store: Arc<SqliteStore>,
    _folder: TempDir,
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other limits of the API.
    pub(crate) async fn with(change: impl FnOnce(&mut WebState)) -> Self {
        Self::build(SessionsConfig::default(), EventHub::new(), change).await
    }

    /// With other rules for sessions.
    pub(crate) async fn with_rules(config: SessionsConfig) -> Self {
        Self::build(config, EventHub::new(), |_| {}).await
    }

    /// Keeping only so many events in memory.
    pub(crate) async fn with_ring(kept: usize) -> Self {
        Self::build(SessionsConfig::default(), EventHub::with_ring(kept), |_| {}).await
    }

    async fn build(config: SessionsConfig, hub: EventHub, change: impl FnOnce(&mut WebState)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = FakeWhatsApp::new();
        let hub = Arc::new(hub);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sealing = SealingKey::from_bytes(&[7; 32]);
        let path = folder.path().join("enlace.db");
        let metrics = Metrics::default();
        let sink = metrics.counting(hub.clone());
        let store = Arc::new(SqliteStore::open(&path, sealing, sink, clock.clone()).await.unwrap());
        let parts = GatewayParts {
            store: store.clone(),
            whatsapp: network.clone(),
            hub,
            clock: clock.clone(),
            config: SessionsConfig { default_network: Network::Simulator, ..config },
        };
        let gateway = Gateway::start(parts).await.unwrap();
        gateway.ensure_admin_key(Some(ADMIN.into())).await.unwrap();
        let build = BuildInfo { version: "0.0.0-test".to_owned(), commit: None };
        let settings =
            PublicSettings { simulator: true, default_network: Network::Simulator, public_url: None };
        let mut state = WebState::new(gateway, clock, build, settings);
        state.metrics = metrics;
        state.ready.set(true);
        change(&mut state);
        let router = enlace_web::router(state.clone());
        Self { router, state, network, store, _folder: folder }
    }

    /// Stores a key and returns it.
    pub(crate) async fn key(&self, scopes: &[Scope], sessions: Option<&[&str]>) -> String {
        self.key_until(scopes, sessions, None).await
    }

    /// A key whose life ended an hour ago.
    pub(crate) async fn expired_key(&self) -> String {
        self.key_until(&[Scope::Admin], None, Some(TimeDelta::hours(-1))).await
    }

    /// A key that lives so long.
    pub(crate) async fn key_for(&self, scopes: &[Scope], life: TimeDelta) -> String {
        self.key_until(scopes, None, Some(life)).await
    }

    async fn key_until(
        &self,
        scopes: &[Scope],
        sessions: Option<&[&str]>,
        life: Option<TimeDelta>,
    ) -> String {
        let now = SystemClock.now();
        let id = KeyId::random();
        let secret = format!("secret-of-{id}");
        let key = ApiKey {
            id,
            name: "test".to_owned(),
            hash: Sha256::digest(secret.as_bytes()).into(),
            scopes: scopes.to_vec(),
            sessions: sessions.map(|ids| ids.iter().map(|id| SessionId::parse(id).unwrap()).collect()),
            created_at: now,
            expires_at: life.map(|life| now + life),
            last_used_at: None,
        };
        let add = Entry { change: Change::AddKey(Box::new(key)), event: None };
        self.store.commit(vec![add]).await.unwrap();
        secret
    }

    /// Any request, as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Without a body.
    pub(crate) async fn call(&self, method: Method, path: &str, key: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("x-api-key", key);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// With a body.
    pub(crate) async fn call_with(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("x-api-key", key);
        let request = request.header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, ADMIN).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, ADMIN).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call_with(Method::POST, path, ADMIN, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call_with(Method::PATCH, path, ADMIN, body).await
    }

    /// Makes a session through the API.
    pub(crate) async fn create(&self, id: &str) {
        let answer = self.post("/v1/sessions", &json!({ "id": id })).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Makes a session whose network shows this QR, and returns the connection.
    pub(crate) async fn awaiting_scan(&self, id: &str, payload: &str) -> Arc<FakeConnection> {
        self.create(id).await;
        self.first_qr(id, payload).await
    }

    /// Waits until a session is in a state.
    pub(crate) async fn until_state(&self, id: &str, name: &str) {
        let path = format!("/v1/sessions/{id}");
        eventually(async || (self.get(&path).await.json()["state"]["name"] == name).then_some(())).await;
    }

    /// Asks for a session's QR, lets its network show this one, and returns the connection.
    pub(crate) async fn first_qr(&self, id: &str, payload: &str) -> Arc<FakeConnection> {
        let path = format!("/v1/sessions/{id}/qr?format=text");
        let (answer, connection) = tokio::join!(self.get(&path), async {
            let connection = self.network.next_connection().await;
            connection.show_qr(payload).await;
            connection
        });
        assert_eq!(answer.text(), payload);
        connection
    }

    /// Makes a session and links it to a phone.
    pub(crate) async fn online(&self, id: &str) -> Arc<FakeConnection> {
        let connection = self.awaiting_scan(id, PAYLOAD).await;
        let mut events = self.events_from_start().await;
        connection.pair("999100000001").await;
        let connection = self.network.next_connection().await;
        connection.go_online().await;
        tokio::time::timeout(PATIENCE, async {
            while self.get(&format!("/v1/sessions/{id}")).await.json()["state"]["name"] != "online" {
                events.next().await.unwrap();
            }
        })
        .await
        .expect("the session came online");
        connection
    }

    async fn events_from_start(&self) -> enlace_sessions::EventReader {
        let all = enlace_domain::event::EventFilter::default();
        self.state.gateway.read_events(all, enlace_sessions::Cursor::After(0)).await.unwrap()
    }
}
