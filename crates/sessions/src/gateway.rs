//! The facade: one method per use case. Surfaces hold it in an `Arc` and nothing else of this crate.

use crate::config::SessionsConfig;
use crate::hub::EventHub;
use crate::keys::Keys;
use crate::limits::Limiter;
use crate::registry::Registry;
use enlace_domain::clock::Clock;
use enlace_domain::port::store::{Store, StoreError};
use enlace_domain::port::whatsapp::WhatsApp;
use std::sync::Arc;

/// What a gateway is made of.
pub struct GatewayParts {
    /// Where everything is stored.
    pub store: Arc<dyn Store>,
    /// The networks.
    pub whatsapp: Arc<dyn WhatsApp>,
    /// The hub that was given to the store as its sink.
    pub hub: Arc<EventHub>,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// What is set.
    pub config: SessionsConfig,
}

/// All use cases.
pub struct Gateway {
    pub(crate) parts: Arc<GatewayParts>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) limits: Limiter,
}

impl Gateway {
    /// Reads the stored sessions and starts an actor for each; linked ones that shall run are resumed, staggered.
    pub async fn start(parts: GatewayParts) -> Result<Arc<Self>, StoreError> {
        let bounds = parts.store.log_bounds().await?;
        parts.hub.begin_at(bounds.newest);
        let sessions = parts.store.all_sessions().await?;
        let parts = Arc::new(parts);
        let registry = Arc::new(Registry::new(Arc::clone(&parts)));
        for session in sessions {
            registry.adopt(session);
        }
        registry.follow_up_unlinkings(Arc::clone(&parts));
        let limits = Limiter::new(&parts.config.limits);
        Ok(Arc::new(Self { parts, registry, keys: Arc::default(), limits }))
    }

    /// Ends every actor, closing connections cleanly. Desired states stay, so the next start resumes them.
    pub async fn shutdown(&self) {
        self.registry.shutdown().await;
    }
}
