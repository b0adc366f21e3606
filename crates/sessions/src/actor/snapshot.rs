//! What others read of a session: the newest state and the secrets that live, without waiting behind any work.

use crate::ops::get_passkey::Passkey;
use enlace_domain::clock::Timestamp;
use enlace_domain::link::{PairingCode, Qr};
use enlace_domain::session::Session;
use std::sync::Arc;

/// A session at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The record and its state.
    pub session: Arc<Session>,
    /// The newest QR, while its connection lives.
    pub qr: Option<Arc<Qr>>,
    /// The pairing code, while the network honours it.
    pub code: Option<Arc<PairingCode>>,
    /// When the network was last heard, as far as was looked: at each change of the session and every 15 s. None before
    /// the first connection of this process.
    pub heard_at: Option<Timestamp>,
    /// The passkey that WhatsApp asks for, while its connection lives.
    pub passkey: Option<Arc<Passkey>>,
}

impl Snapshot {
    /// The QR, if it is valid at `now`.
    pub fn live_qr(&self, now: Timestamp) -> Option<Arc<Qr>> {
        self.qr.clone().filter(|qr| qr.expires_at > now)
    }

    /// The code, if it is valid at `now`.
    pub fn live_code(&self, now: Timestamp) -> Option<Arc<PairingCode>> {
        self.code.clone().filter(|code| code.expires_at > now)
    }
}
