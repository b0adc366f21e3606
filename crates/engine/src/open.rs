//! Opening: the key store is made ready, a fresh client built, its life begun.

use crate::config::{Companion, Limits, Platform};
use crate::connection::WebConnection;
use crate::durability::KeepFirst;
use crate::events::Listener;
use crate::life::Life;
use crate::receipts;
use crate::runtime::ConnectionRuntime;
use crate::shared::Shared;
use crate::transport::{Dial, Dialler, ObservedFactory};
use crate::version;
use crate::way::{Manners, Way};
use crate::{http, http::Wanted};
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::port::{EngineError, Inbox};
use enlace_domain::proxy::Proxy;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wacore::net::HttpClient;
use wacore::runtime::Runtime;
use wacore::store::DevicePropsOverride;
use wacore::store::traits::Backend;
use waproto::whatsapp::device_props::PlatformType;
use whatsapp_rust::Client;
use whatsapp_rust::cache_config::{CacheConfig, CacheEntryConfig};
use whatsapp_rust::store::persistence_manager::PersistenceManager;

/// How long the library waits for the server's half of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How often the library looks whether its device row wants saving, besides each change.
const SAVER: Duration = Duration::from_mins(5);

/// One network, as all its connections use it.
pub(crate) struct Network {
    /// Its name.
    pub(crate) name: enlace_domain::session::Network,
    /// How it is dialled.
    pub(crate) dialler: Dialler,
    /// Its media.
    pub(crate) http: Arc<dyn HttpClient>,
    /// The one authority that its media are trusted by, PEM.
    pub(crate) authority: Option<String>,
    /// What WhatsApp itself asks for.
    pub(crate) manners: Option<Manners>,
    /// What the library's waits are divided by while a session links.
    pub(crate) speed: f64,
    /// One-time prekeys uploaded at once.
    pub(crate) prekeys: usize,
}

/// What is the same for all networks.
pub(crate) struct Common {
    /// What the phone shows.
    pub(crate) companion: Companion,
    /// Bounds.
    pub(crate) limits: Limits,
}

/// Begins a connection on a store that was made ready.
pub(crate) async fn open(
    network: &Network,
    common: &Common,
    request: OpenRequest,
    store: Arc<dyn Backend>,
    linked: bool,
    inbox: Arc<dyn Inbox>,
) -> Result<Arc<WebConnection>, EngineError> {
    // Only linking is hastened: the waits that matter there are QRs; later ones are time-outs.
    let speed = if linked { 1.0 } else { network.speed };
    let span = tracing::info_span!("connection", session = %request.session);
    let panicked = CancellationToken::new();
    let runtime = Arc::new(ConnectionRuntime::new(span, speed, panicked.clone()));
    let dial = Arc::new(Dial::new(runtime.hasten(HANDSHAKE)));
    let mut shared = Shared::new(
        request.session,
        inbox,
        dial.clone(),
        common.limits.clone(),
        request.mark_online,
        network.speed,
    );
    shared.panicked = panicked;
    shared.simulated = network.name == enlace_domain::session::Network::Simulator;
    let shared = Arc::new(shared);
    let receipts = shared.receipts.clone();
    let routes = Routes::of(network, &common.limits, request.proxy);
    let factory = ObservedFactory { dialler: network.dialler.clone(), proxy: routes.proxy, dial, receipts };
    let media = (routes.http, network.prekeys);
    // Before a login no message arrives that would have to be kept. The library tries the store with two writes where it
    // is told to keep them, and whoever links waits in front of a QR meanwhile.
    let hook = linked.then(|| KeepFirst(shared.clone()));
    let client = build(media, common, store, &runtime, factory, hook).await?;
    let listener = Arc::new(Listener::new(shared.clone(), runtime.clone()));
    listener.attach(&client);
    client.subscribe_handler(listener).detach();
    runtime.spawn_detached(Box::pin(receipts::keep(shared.clone(), client.clone())));
    // Ends such as 515 and 503 are told by no event of the library, so every stanza is looked at.
    let stanzas = client.acquire_raw_node_forwarding();
    let way = Way::new(routes.manners, !linked);
    let companion = companion(&common.companion);
    let life =
        Life { client: client.clone(), runtime, shared: shared.clone(), linked, companion, way, stanzas };
    Ok(WebConnection::begin(client, shared, life))
}

/// The ways that a connection takes out of here: all of them through its session's proxy, or none.
struct Routes {
    proxy: Option<Proxy>,
    http: Arc<dyn HttpClient>,
    manners: Option<Manners>,
}

impl Routes {
    fn of(network: &Network, limits: &Limits, proxy: Option<Proxy>) -> Self {
        let manners = network.manners.clone();
        // What stays in this process goes through nothing.
        let Some(proxy) = proxy.filter(|_| network.dialler.leaves()) else {
            return Self { proxy: None, http: network.http.clone(), manners };
        };
        let media =
            Wanted { body: limits.http_body, authority: network.authority.as_deref(), ..Wanted::default() };
        let page = Wanted { body: version::PAGE, within: Some(version::PAGE_WITHIN), ..Wanted::default() };
        let through = |wanted: Wanted<'_>| http::client(Wanted { proxy: Some(&proxy), ..wanted });
        Self {
            http: through(media),
            manners: manners.map(|manners| Manners { page: through(page), ..manners }),
            proxy: Some(proxy.clone()),
        }
    }
}

async fn build(
    (http, prekeys): (Arc<dyn HttpClient>, usize),
    common: &Common,
    store: Arc<dyn Backend>,
    runtime: &Arc<ConnectionRuntime>,
    factory: ObservedFactory,
    hook: Option<KeepFirst>,
) -> Result<Arc<Client>, EngineError> {
    let device = PersistenceManager::new(store).await.map_err(|error| EngineError::Keys(Box::new(error)))?;
    let mut builder = Client::builder()
        .with_runtime_arc(runtime.clone())
        .with_persistence_manager(Arc::new(device))
        .with_transport_factory(factory)
        .with_http_client_arc(http)
        .with_cache_config(caches(&common.limits))
        .with_skip_history_sync(!common.limits.history)
        .with_wanted_pre_key_count(prekeys)
        .with_background_saver_interval(SAVER);
    if let Some(hook) = hook {
        builder = builder.with_inbound_durability_hook(hook);
    }
    let built = builder.build().await.map_err(|error| EngineError::Library(Box::new(error)))?;
    let client = built.into_client();
    client.enable_auto_reconnect.store(false, Ordering::Relaxed);
    Ok(client)
}

/// Caches sized for many sessions in one process; what they miss comes from the store.
fn caches(limits: &Limits) -> CacheConfig {
    let hour = Some(Duration::from_hours(1));
    CacheConfig {
        group_cache: CacheEntryConfig::new(hour, 64),
        device_registry_cache: CacheEntryConfig::new(hour, 2_000),
        message_retry_counts: CacheEntryConfig::new(hour, 200),
        undecryptable_dispatched: CacheEntryConfig::new(Some(Duration::from_mins(5)), 200),
        sender_key_devices_cache: CacheEntryConfig::new(hour, 64),
        sent_message_ttl_secs: limits.resend.as_secs(),
        seed_msg_secrets_from_history: limits.history,
        ..CacheConfig::default()
    }
}

/// What the device says of itself when it is linked.
fn companion(companion: &Companion) -> DevicePropsOverride {
    DevicePropsOverride::new()
        .with_os(companion.name.clone())
        .with_platform_type(platform(companion.platform))
}

fn platform(platform: Platform) -> PlatformType {
    match platform {
        Platform::Chrome => PlatformType::CHROME,
        Platform::Edge => PlatformType::EDGE,
        Platform::Firefox => PlatformType::FIREFOX,
        Platform::Safari => PlatformType::SAFARI,
        Platform::Opera => PlatformType::OPERA,
        Platform::Desktop => PlatformType::DESKTOP,
    }
}
