//! A device that was unlinked here while the network could not be told: what is kept until it can be.

use crate::clock::Timestamp;
use crate::id::{RetiredId, SessionId};
use crate::proxy::Proxy;
use crate::session::Network;
use secrecy::SecretString;

/// A device whose session let go of it, and of which the network does not know that yet. It outlives its session.
#[derive(Clone, Debug)]
pub struct RetiredDevice {
    /// Its id.
    pub id: RetiredId,
    /// Whose it was.
    pub session: SessionId,
    /// Where it is linked.
    pub network: Network,
    /// What its session's connections went through: it is dialled through that and never around it, unless the session is
    /// still there and has another one now.
    pub proxy: Option<Proxy>,
    /// What it logs in with, as the engine gave it: a secret that nobody else reads.
    pub keys: SecretString,
    /// Since when.
    pub since: Timestamp,
}
