//! What the API is made of, and the form in which handlers see it.

use super::client::TrustedProxies;
use crate::metrics::Metrics;
use chrono::TimeDelta;
use enlace_domain::clock::Clock;
use enlace_domain::session::Network;
use enlace_sessions::Gateway;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Whether the gateway is ready to serve: what `/readyz` answers.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on ready, or not.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// Whether it is.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Which build this is.
#[derive(Clone, Debug)]
pub struct BuildInfo {
    /// The version of the gateway, e.g. `0.1.0`.
    pub version: String,
    /// The commit it was built from, where known.
    pub commit: Option<String>,
}

/// What is set and may be known to every key.
#[derive(Clone, Debug)]
pub struct PublicSettings {
    /// Whether the simulated network is offered.
    pub simulator: bool,
    /// The network of a session created without one.
    pub default_network: Network,
    /// Where others reach the API, if that was set; without a trailing slash.
    pub public_url: Option<String>,
}

/// What [`crate::router`] needs.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// The clock that the gateway was given.
    pub clock: Arc<dyn Clock>,
    /// Which build this is.
    pub build: BuildInfo,
    /// What is set and may be known.
    pub settings: PublicSettings,
    /// How often a silent event stream says that it lives.
    pub keep_alive: Duration,
    /// Longest request body, in bytes.
    pub body_limit: usize,
    /// Whose word is taken for where a request came from.
    pub trusted_proxies: TrustedProxies,
    /// What `/metrics` counts; the same that the store's events pass through.
    pub metrics: Metrics,
    /// What `/readyz` answers.
    pub ready: Readiness,
    /// When cancelled, event streams end, so that a shutdown need not wait for their readers.
    pub shutdown: CancellationToken,
}

impl WebState {
    /// With the usual limits: a comment every 15 s, bodies of 1 MiB.
    pub fn new(
        gateway: Arc<Gateway>,
        clock: Arc<dyn Clock>,
        build: BuildInfo,
        settings: PublicSettings,
    ) -> Self {
        Self {
            gateway,
            clock,
            build,
            settings,
            keep_alive: Duration::from_secs(15),
            body_limit: 1024 * 1024,
            trusted_proxies: TrustedProxies::default(),
            metrics: Metrics::default(),
            ready: Readiness::default(),
            shutdown: CancellationToken::new(),
        }
    }
}

/// The state behind the routes. A handler can hold it, but only an authenticated context (`kit::auth`) opens it to
/// the use cases.
#[derive(Clone)]
pub(crate) struct Shared(Arc<WebState>);

impl Shared {
    pub(crate) fn new(state: WebState) -> Self {
        Self(Arc::new(state))
    }

    /// For contexts only.
    pub(super) fn open(&self) -> &Arc<WebState> {
        &self.0
    }

    pub(crate) fn ready(&self) -> bool {
        self.0.ready.is_ready()
    }
}

/// Whole seconds until an instant, rounded up, never negative.
pub(crate) fn seconds_left(left: TimeDelta) -> u64 {
    u64::try_from(left.num_milliseconds()).unwrap_or(0).div_ceil(1_000)
}
