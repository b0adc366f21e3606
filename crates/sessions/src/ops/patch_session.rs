//! Changes what a user may change of a session.

use super::create_session::check_settings;
use crate::actor::message::Ask;
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
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
    /// Replaces the settings.
    pub settings: Option<Settings>,
}

impl Gateway {
    /// Applies a patch and returns the session as it is then.
    pub async fn patch_session(
        &self,
        id: &SessionId,
        patch: PatchSession,
    ) -> Result<Arc<Session>, GatewayError> {
        if let Some(settings) = &patch.settings {
            check_settings(settings)?;
        }
        self.registry.handle(id)?.ask(|reply| Ask::Patch { patch, reply }).await
    }
}
