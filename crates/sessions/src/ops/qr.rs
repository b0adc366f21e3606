//! `GET …/qr`: the newest QR; begins a link where that harms nothing, and waits for the first one.

use super::link::{LinkAsk, Outcome};
use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use enlace_domain::link::Qr;
use std::sync::Arc;
use std::time::Duration;

impl Gateway {
    /// The newest valid QR, waiting at most `wait` for the first. Never succeeds without one.
    pub async fn qr(&self, id: &SessionId, wait: Duration) -> Result<Arc<Qr>, GatewayError> {
        match self.link_and_wait(id, LinkAsk::Look, wait).await? {
            Outcome::Qr(qr) => Ok(qr),
            Outcome::Code(_) => Err(GatewayError::NoQr { reason: None }),
        }
    }
}
