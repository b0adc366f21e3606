//! The facade: one method per use case. Surfaces hold it in an `Arc` and nothing else of this crate.

use crate::config::SessionsConfig;
use crate::hub::EventHub;
use crate::keys::Keys;
use crate::limits::Limiter;
use crate::names::Names;
use crate::registry::Registry;
use enlace_domain::alias::Dialect;
use enlace_domain::clock::Clock;
use enlace_domain::port::store::{Change, Entry, Store, StoreError};
use enlace_domain::port::whatsapp::WhatsApp;
use enlace_domain::session::Session;
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
        let names = Names::new(parts.store.last_number(Dialect::PressTicket).await?);
        let sessions = name_all(&*parts.store, &names, sessions).await?;
        let parts = Arc::new(parts);
        let registry = Arc::new(Registry::new(Arc::clone(&parts), names));
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

/// Names those that an earlier version made, which knew fewer dialects.
async fn name_all(
    store: &dyn Store,
    names: &Names,
    mut sessions: Vec<Session>,
) -> Result<Vec<Session>, StoreError> {
    for session in &sessions {
        names.learn(&session.id, &session.aliases);
    }
    let mut named = Vec::new();
    for session in &mut sessions {
        let known = session.aliases.clone();
        session.aliases = names.complete(&session.id, known.clone());
        names.learn(&session.id, &session.aliases);
        let made = session.aliases.iter().filter(|(dialect, _)| !known.contains_key(dialect));
        named.extend(made.map(|(dialect, alias)| {
            let (session, alias) = (session.id.clone(), alias.clone());
            let change = Change::NameSession { session, dialect: *dialect, alias };
            Entry { change, event: None }
        }));
    }
    if !named.is_empty() {
        store.commit(named).await?;
    }
    Ok(sessions)
}
