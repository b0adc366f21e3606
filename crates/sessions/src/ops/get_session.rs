//! Reads one session, never waiting behind its work.

use crate::{Gateway, GatewayError, Snapshot};
use enlace_domain::alias::Dialect;
use enlace_domain::id::SessionId;

impl Gateway {
    /// The session as it is now, with the secrets that live.
    pub fn session(&self, id: &SessionId) -> Result<Snapshot, GatewayError> {
        Ok(self.registry.handle(id)?.snapshot())
    }

    /// Which session a foreign API means by a name, in any writing of it.
    pub fn session_called(&self, dialect: Dialect, name: &str) -> Option<SessionId> {
        self.registry.names().find(dialect, name)
    }
}
