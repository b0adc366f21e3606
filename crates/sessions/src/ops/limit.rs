//! Counts what is asked, and refuses who asks too often.

use crate::{Gateway, GatewayError};
use enlace_domain::audit::{AuditAction, Who};
use enlace_domain::id::{KeyId, SessionId};
use std::net::IpAddr;
use std::time::Instant;

impl Gateway {
    /// Counts a request with a key. Error: `rate-limited`.
    pub(crate) fn count_request(&self, key: &KeyId) -> Result<(), GatewayError> {
        self.limits.keys.take(key, Instant::now()).map_err(too_often("with this key"))
    }

    /// Counts a request about a session; `links` when it asks for a QR or a code. Error: `rate-limited`.
    pub fn count_in_session(&self, id: &SessionId, links: bool) -> Result<(), GatewayError> {
        let now = Instant::now();
        self.limits.sessions.take(id, now).map_err(too_often("about this session"))?;
        if links {
            self.limits.links.take(id, now).map_err(too_often("for a QR or code of this session"))?;
        }
        Ok(())
    }

    /// Counts a wrong key. Error: `rate-limited`, to be answered in place of what is wrong with it.
    pub(crate) fn count_refusal(&self, from: Option<IpAddr>) -> Result<(), GatewayError> {
        let Some(address) = from else { return Ok(()) };
        let refusal = self.limits.refused(address, Instant::now());
        if refusal.record {
            let who = Who { key: None, from };
            let by = self.by(&who);
            by.note_soon(by.record(AuditAction::KeyRefusedOften));
        }
        refusal
            .retry_after
            .map_or(Ok(()), |seconds| Err(too_often("with wrong keys from this address")(seconds)))
    }
}

fn too_often(what: &'static str) -> impl FnOnce(u64) -> GatewayError {
    move |retry_after| GatewayError::TooOften { what, retry_after }
}
