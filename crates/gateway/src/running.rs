//! A gateway that runs: every part plugged into its port, and the order in which they start and end.

use crate::data_dir::{DataDir, DataDirError};
use crate::dialects;
use crate::network::{NetworkError, Simulated};
use crate::settings::Settings;
use axum::Router;
use axum::serve::ListenerExt;
use chrono::TimeDelta;
use enlace_dialects::DialectState;
use enlace_domain::alias::Dialect;
use enlace_domain::audit::Who;
use enlace_domain::clock::{Clock, SystemClock};
use enlace_domain::id::KeyId;
use enlace_domain::key::Scope;
use enlace_domain::port::sink::EventSink;
use enlace_domain::session::Network;
use enlace_engine::{EngineConfig, WebEngine};
use enlace_sessions::{
    AdminKey, CreateKey, EventHub, Gateway, GatewayError, GatewayParts, Limits, SessionsConfig,
};
use enlace_store_sqlite::{KeyOrigin, MasterKeyError, OpenError, SealingKey, SqliteStore};
use enlace_web::{BuildInfo, Metrics, PublicSettings, Readiness, TrustedProxies, WebState};
use secrecy::{ExposeSecret, SecretString};
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The database's file in the data directory.
pub(crate) const DATABASE: &str = "enlace.db";

/// The master key's file in the data directory, where it is given in no other way.
pub(crate) const MASTER_KEY_FILE: &str = "master.key";

/// Fewest characters of an admin key that is given.
const ADMIN_KEY_LEAST: usize = 32;

/// The gateway could not start. Nothing stored was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunningError {
    /// The address is taken.
    #[error(
        "{address} is taken by another program; stop that one, or choose another address with --listen (port 0 takes a free one)"
    )]
    AddressTaken {
        /// The address as given.
        address: String,
    },
    /// The address can't be used.
    #[error("Enlace can't listen on {address}; give an address of this machine as host:port with --listen")]
    Address {
        /// The address as given.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The wanted admin key can be guessed.
    #[error(
        "ENLACE_ADMIN_KEY has fewer than {ADMIN_KEY_LEAST} characters, and whoever guesses it has every session: give one made \
         by `openssl rand -hex 32`, or none, and the first start makes one"
    )]
    AdminKeyShort,
    /// The data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The file with the master key.
    #[error("the master key file {} can't be read; correct `master_key_file`", path.display())]
    MasterKeyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The key is gone, the database is not.
    #[error("{} is missing, and without it the secrets in {DATABASE} beside it can't be read; put back a copy of it, or give it as ENLACE_MASTER_KEY", .0.display())]
    MasterKeyMissing(PathBuf),
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The simulated network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What is stored could not be read.
    #[error("the sessions in the database can't be read")]
    Sessions(#[from] enlace_domain::port::StoreError),
    /// A key for a command of this program could not be stored.
    #[error("a key for the time of this command can't be stored")]
    TemporaryKey(#[source] GatewayError),
    /// The admin key could not be stored.
    #[error("the admin key can't be stored")]
    AdminKey(#[from] GatewayError),
}

/// A gateway that serves.
pub struct Running {
    listening: Listening,
    dialects: Vec<(Dialect, Listening)>,
    simulated: Simulated,
    gateway: Arc<Gateway>,
    store: SqliteStore,
    admin_key: AdminKey,
    ready: Readiness,
    streams: CancellationToken,
    data_dir: DataDir,
}

impl Running {
    /// Starts every part. What can fail for reasons of the machine comes before what changes anything.
    pub async fn start(settings: &Settings, mut data_dir: DataDir) -> Result<Self, RunningError> {
        if !data_dir.path().join(DATABASE).exists() {
            // Later it is only compared with the one there is.
            check_admin_key(settings)?;
        }
        let listener = listen(&settings.server.listen).await?;
        let places = dialects::bind(settings).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (hub, metrics) = (Arc::new(EventHub::new()), Metrics::default());
        let sink = metrics.counting(Arc::<EventHub>::clone(&hub));
        let store = open_store(settings, &data_dir, sink, Arc::clone(&clock)).await?;
        let simulated = Simulated::open(&settings.simulator, data_dir.path()).await?;
        let gateway = Gateway::start(GatewayParts {
            store: Arc::new(store.clone()),
            whatsapp: Arc::new(engine(settings, &simulated, &store, data_dir.path())?),
            hub,
            clock: Arc::clone(&clock),
            config: sessions_config(settings, &simulated),
        })
        .await?;
        let admin_key = gateway.ensure_admin_key(settings.secrets.admin_key.clone()).await?;
        if matches!(admin_key, AdminKey::Set | AdminKey::Exists)
            && settings.secrets.admin_key.as_ref().is_some_and(is_weak)
        {
            tracing::warn!(
                "ENLACE_ADMIN_KEY is not 64 hexadecimal digits: a key that can be guessed opens every session; \
                 `enlace keys reset-admin` makes a good one"
            );
        }
        let public = public_settings(settings, &simulated);
        let mut state = WebState::new(Arc::clone(&gateway), Arc::clone(&clock), build_info(), public);
        state.metrics = metrics;
        state.trusted_proxies = TrustedProxies::new(settings.server.trusted_proxies.iter().copied());
        let (ready, streams) = (state.ready.clone(), state.shutdown.clone());
        let foreign = DialectState {
            gateway: Arc::clone(&gateway),
            clock,
            public_url: state.settings.public_url.clone(),
            trusted_proxies: state.trusted_proxies.clone(),
            client_token: Some(settings.z_api.client_token.clone())
                .filter(|token| !token.expose_secret().is_empty()),
            strict: settings.baileys_api.strict,
            shutdown: streams.clone(),
        };
        let mut router = enlace_web::router(state);
        if let Simulated::Embedded(simulator) = &simulated {
            router = router.merge(simulator.router());
        }
        let (router, dialects) = dialects::mount(settings, &foreign, places, router);
        let listening = Listening::start(listener, router);
        data_dir.announce(&listening.url())?;
        ready.set(true);
        Ok(Self { listening, dialects, simulated, gateway, store, admin_key, ready, streams, data_dir })
    }

    /// Base address of the API.
    pub fn url(&self) -> String {
        self.listening.url()
    }

    /// Base addresses of the dialects that have a listener of their own.
    pub fn dialect_urls(&self) -> Vec<(Dialect, String)> {
        self.dialects.iter().map(|(dialect, listening)| (*dialect, listening.url())).collect()
    }

    /// The use cases.
    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// What became of the admin key at this start.
    pub fn admin_key(&self) -> &AdminKey {
        &self.admin_key
    }

    /// A key for a command that uses this gateway over HTTP while it runs: it can link and create. It is to be revoked, and
    /// ends by itself where that can't be.
    pub(crate) async fn temporary_key(&self) -> Result<(KeyId, SecretString), RunningError> {
        let request = CreateKey {
            name: "enlace link".to_owned(),
            scopes: vec![Scope::Read, Scope::Link, Scope::Manage],
            sessions: None,
            expires_at: Some(SystemClock.now() + TimeDelta::hours(1)),
        };
        let made = self.gateway.by(&Who::default()).create_key(request).await;
        made.map(|(key, secret)| (key.id, secret)).map_err(RunningError::TemporaryKey)
    }

    /// Ends such a key.
    pub(crate) async fn revoke_temporary_key(&self, id: &KeyId) {
        if let Err(error) = self.gateway.by(&Who::default()).revoke_key(id).await {
            tracing::warn!(%error, "the key of this command could not be revoked; it ends by itself within an hour");
        }
    }

    /// Ends everything in order: no new request, streams closed, sessions disconnected, the network, the database.
    pub async fn stop(self) {
        self.ready.set(false);
        self.listening.close();
        self.dialects.iter().for_each(|(_, listening)| listening.close());
        self.streams.cancel();
        self.gateway.shutdown().await;
        if let Simulated::Embedded(simulator) = &self.simulated {
            simulator.shutdown().await;
        }
        self.listening.ended().await;
        for (_, listening) in self.dialects {
            listening.ended().await;
        }
        self.store.close().await;
        // Another process may own the folder from here on.
        drop(self.data_dir);
    }
}

/// An HTTP server on a listener.
pub(crate) struct Listening {
    address: SocketAddr,
    close: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Listening {
    /// Begins to answer.
    pub(crate) fn start(listener: TcpListener, router: Router) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let close = CancellationToken::new();
        let closed = close.clone().cancelled_owned();
        // An event or an answer is small and wanted now.
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(axum::serve(listener, service).with_graceful_shutdown(closed).into_future());
        Self { address, close, task }
    }

    /// Base address, with an address a browser on this machine can open.
    pub(crate) fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                [0, 0, 0, 0, 0, 0, 0, 1].into()
            });
        }
        format!("http://{address}")
    }

    /// No new connections, no further requests on open ones.
    pub(crate) fn close(&self) {
        self.close.cancel();
    }

    /// Waits until every open request is answered.
    pub(crate) async fn ended(self) {
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the listener failed"),
            Err(error) => tracing::error!(%error, "the listener's task failed"),
        }
    }
}

/// Binds an address.
pub(crate) async fn listen(address: &str) -> Result<TcpListener, RunningError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => RunningError::AddressTaken { address: address.to_owned() },
        _ => RunningError::Address { address: address.to_owned(), source },
    })
}

/// The database of a data directory.
pub(crate) async fn open_store(
    settings: &Settings,
    data_dir: &DataDir,
    sink: Arc<dyn EventSink>,
    clock: Arc<dyn Clock>,
) -> Result<SqliteStore, RunningError> {
    let sealing = sealing_key(settings, data_dir.path())?;
    Ok(SqliteStore::open(&data_dir.path().join(DATABASE), sealing, sink, clock).await?)
}

/// The key that seals the secrets: from the environment, a file, or the data directory.
fn sealing_key(settings: &Settings, data_dir: &Path) -> Result<SealingKey, RunningError> {
    let given = match (&settings.secrets.master_key, &settings.server.master_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, path) if path.as_os_str().is_empty() => None,
        (None, path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| RunningError::MasterKeyFile { path: path.clone(), source })?;
            Some(SecretString::from(text))
        }
    };
    let file = data_dir.join(MASTER_KEY_FILE);
    // A new key beside an old database could only confuse: the old one would still be needed.
    if given.is_none() && !file.exists() && data_dir.join(DATABASE).exists() {
        return Err(RunningError::MasterKeyMissing(file));
    }
    let (key, origin) = SealingKey::load_or_create(data_dir, given.as_ref())?;
    if let KeyOrigin::Created(path) = origin {
        tracing::warn!(
            path = %path.display(),
            "a master key was made; keep a copy of it apart from the database, or give one as ENLACE_MASTER_KEY"
        );
    }
    Ok(key)
}

fn engine(
    settings: &Settings,
    simulated: &Simulated,
    store: &SqliteStore,
    data_dir: &Path,
) -> Result<WebEngine, NetworkError> {
    let keys = store.clone();
    let mut config = EngineConfig::new(Arc::new(move |session| keys.key_store(session)));
    config.whatsapp = Some(settings.whatsapp.network(data_dir));
    config.companion = settings.whatsapp.companion();
    config.simulator = simulated.network(&settings.simulator)?;
    Ok(WebEngine::new(config))
}

fn default_network(simulated: &Simulated) -> Network {
    match simulated {
        Simulated::Off => Network::Whatsapp,
        Simulated::Embedded(_) | Simulated::Elsewhere(_) => Network::Simulator,
    }
}

fn sessions_config(settings: &Settings, simulated: &Simulated) -> SessionsConfig {
    let sessions = &settings.sessions;
    SessionsConfig {
        default_network: default_network(simulated),
        resume_parallel: sessions.resume_parallel.max(1),
        reconnect_first: Duration::from_secs(sessions.reconnect_first_seconds),
        reconnect_max: Duration::from_secs(sessions.reconnect_max_seconds),
        link_max_rounds: settings.link.max_rounds,
        watch_window: Duration::from_secs(settings.link.watch_seconds),
        proof_window: Duration::from_secs(sessions.proof_seconds),
        idempotency_window: Duration::from_secs(sessions.idempotency_hours.saturating_mul(3600)),
        outbox_limit: sessions.outbox_limit,
        limits: Limits {
            key_per_minute: settings.limits.key_per_minute,
            session_per_minute: settings.limits.session_per_minute,
            link_per_minute: settings.limits.link_per_minute,
            refused_per_minute: settings.limits.refused_per_minute,
        },
        ..SessionsConfig::default()
    }
}

fn public_settings(settings: &Settings, simulated: &Simulated) -> PublicSettings {
    PublicSettings {
        public_url: Some(settings.server.public_url.clone()).filter(|url| !url.is_empty()),
        simulator: !matches!(simulated, Simulated::Off),
        default_network: default_network(simulated),
    }
}

fn build_info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("ENLACE_COMMIT").map(str::to_owned),
    }
}

/// Refuses an admin key that can be guessed.
pub(crate) fn check_admin_key(settings: &Settings) -> Result<(), RunningError> {
    let given = settings.secrets.admin_key.as_ref();
    let short = given.is_some_and(|key| key.expose_secret().chars().count() < ADMIN_KEY_LEAST);
    if short { Err(RunningError::AdminKeyShort) } else { Ok(()) }
}

/// Whether a key is anything else than 256 bits in hexadecimal digits.
fn is_weak(key: &SecretString) -> bool {
    let key = key.expose_secret();
    key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit())
}
