//! Changes what a user may change of a session.

use super::create_session::{check_metadata, check_name, check_settings};
use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{Session, Settings};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PatchSession {
    /// A new name, or none.
    pub name: Option<Option<String>>,
    /// Replaces the metadata.
    pub metadata: Option<Map<String, Value>>,
    /// What to set; members left out stay.
    pub settings: SettingsChange,
    /// Another proxy, or none; it counts from the next connection.
    pub proxy: Option<Option<Proxy>>,
}

/// Which settings to change; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettingsChange {
    /// QR rounds per link request, 1 to 10; or none of its own.
    pub link_max_rounds: Option<Option<u32>>,
    /// Whether the companion shows itself online.
    pub mark_online: Option<bool>,
}

impl SettingsChange {
    /// Changes what is to be changed.
    pub fn apply(&self, settings: &mut Settings) {
        settings.link_max_rounds = self.link_max_rounds.unwrap_or(settings.link_max_rounds);
        settings.mark_online = self.mark_online.unwrap_or(settings.mark_online);
    }
}

impl Gateway {
    /// Applies a patch and returns the session as it is then.
    pub async fn patch_session(
        &self,
        id: &SessionId,
        patch: PatchSession,
    ) -> Result<Arc<Session>, GatewayError> {
        let mut changed = Settings::default();
        patch.settings.apply(&mut changed);
        check_settings(&changed)?;
        check_name(patch.name.as_ref().and_then(Option::as_deref))?;
        patch.metadata.as_ref().map_or(Ok(()), check_metadata)?;
        self.registry.handle(id)?.ask(|reply| Ask::Patch { patch, reply }).await
    }
}
