//! Makes a session. Creating does not connect.

use crate::to_the_end::to_the_end;
use crate::{Gateway, GatewayError};
use enlace_domain::alias::Aliases;
use enlace_domain::id::SessionId;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{Desired, LINK_ROUNDS, Network, Session, SessionState, Settings, StateName};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct CreateSession {
    /// Chosen, or made.
    pub id: Option<SessionId>,
    /// A name for people.
    pub name: Option<String>,
    /// The gateway's default when left out.
    pub network: Option<Network>,
    /// The user's own data.
    pub metadata: Map<String, Value>,
    /// What is set.
    pub settings: Settings,
    /// What its connections go through.
    pub proxy: Option<Proxy>,
    /// Its names in the foreign APIs, where they are chosen; the others are made.
    pub aliases: Aliases,
}

impl Gateway {
    /// Makes a session in state `unlinked`. Errors: `session-exists`, `alias-taken`, `network-unavailable`,
    /// `invalid-field`.
    pub async fn create_session(&self, request: CreateSession) -> Result<Arc<Session>, GatewayError> {
        check_settings(&request.settings)?;
        check_name(request.name.as_deref())?;
        check_metadata(&request.metadata)?;
        let network = request.network.unwrap_or(self.parts.config.default_network);
        if !self.parts.whatsapp.offers(network) {
            return Err(GatewayError::NetworkUnavailable(network));
        }
        let now = self.parts.clock.now();
        let id = request.id.unwrap_or_else(SessionId::random);
        let session = Session {
            aliases: self.registry.names().complete(&id, request.aliases),
            id,
            name: request.name,
            network,
            desired: Desired::Stopped,
            state: SessionState::plain(StateName::Unlinked, now),
            linked: false,
            phone: None,
            expect_phone: None,
            lid: None,
            push_name: None,
            metadata: request.metadata,
            settings: request.settings,
            proxy: request.proxy,
            qr_count: 0,
            round_count: 0,
            code_count: 0,
            created_at: now,
        };
        let event = crate::actor::events::state_changed(&session, None);
        let create = Entry { change: Change::CreateSession(Box::new(session.clone())), event: Some(event) };
        let (parts, registry) = (Arc::clone(&self.parts), Arc::clone(&self.registry));
        to_the_end(async move {
            parts.store.commit(vec![create]).await?;
            Ok(registry.adopt(session).snapshot().session)
        })
        .await
    }
}

/// Longest name, in characters.
const NAME_MAX: usize = 200;
/// Most metadata, in bytes of its JSON.
const METADATA_MAX: usize = 16 * 1024;

/// A name is for people, and stands in every answer about the session.
pub(crate) fn check_name(name: Option<&str>) -> Result<(), GatewayError> {
    if name.is_none_or(|name| name.chars().count() <= NAME_MAX) {
        return Ok(());
    }
    let message = format!("name has at most {NAME_MAX} characters; keep longer texts in your own database");
    Err(GatewayError::Invalid { field: "name", message })
}

/// Metadata stand in every answer about the session and in every list.
pub(crate) fn check_metadata(metadata: &Map<String, Value>) -> Result<(), GatewayError> {
    // Only as JSON is it known how long it is.
    if serde_json::to_vec(metadata).is_ok_and(|json| json.len() <= METADATA_MAX) {
        return Ok(());
    }
    let message = format!(
        "metadata has at most {METADATA_MAX} bytes as JSON; keep more in your own database, under the session's id"
    );
    Err(GatewayError::Invalid { field: "metadata", message })
}

/// Limits that the type cannot hold.
pub(crate) fn check_settings(settings: &Settings) -> Result<(), GatewayError> {
    if settings.link_max_rounds.is_none_or(|rounds| LINK_ROUNDS.contains(&rounds)) {
        return Ok(());
    }
    Err(GatewayError::Invalid {
        field: "settings.link_max_rounds",
        message: "settings.link_max_rounds is the number of QR rounds per link request, 1 to 10".to_owned(),
    })
}
