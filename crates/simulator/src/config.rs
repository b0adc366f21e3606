//! What can be set about a simulated network. Owns defaults and their meaning; reads no file and no environment.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Ten years: the longest time that can be set.
pub(crate) const MAX_SECONDS: u64 = 10 * 366 * 24 * 60 * 60;

/// How a simulated network behaves. Every field has a default; unknown fields are refused.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatorConfig {
    /// Divides every wait of the simulator (QR lifetimes, code lifetimes, temporary bans). `2.0` is twice as fast.
    /// It divides nothing of the clients.
    pub speed: f64,
    /// QR references offered to each unlinked connection. WhatsApp offers 6.
    pub refs: usize,
    /// Seconds a pairing code can be typed on a phone, before `speed`.
    pub code_seconds: u64,
    /// Seconds a temporary ban made by a fault lasts when the fault names no time of its own, before `speed`.
    pub ban_seconds: u64,
    /// With a key, the control API is open to everyone who sends it as `Authorization: Bearer`, `X-API-Key` or the
    /// password of HTTP Basic; without one, to unforwarded requests from this machine only.
    #[serde(skip_serializing)]
    pub control_key: Option<String>,
    /// Where the HTTPS media listener binds. Port 0 takes a free one; a network with a folder keeps the port it got.
    pub media_listen: SocketAddr,
    /// `host:port` that clients are told to use for media, when it is not the address that was bound.
    pub media_host: Option<String>,
    /// Stanzas kept for `GET /trace`. 0 keeps none.
    pub trace: usize,
    /// Messages a phone remembers; older ones are forgotten.
    pub phone_messages: usize,
    /// Bytes of journal after which the state is written as a new snapshot; more where the last snapshot was larger.
    pub journal_bytes: u64,
    /// Stanzas kept for each companion that does not fetch them. Then the oldest are dropped, where WhatsApp drops those of
    /// companions that are away for weeks.
    pub queue_stanzas: usize,
    /// Bytes of stanzas kept for each companion, likewise.
    pub queue_bytes: usize,
    /// Bytes of media kept in all; an upload beyond them is refused.
    pub media_bytes: u64,
    /// Seconds after which a client that reads nothing of what it is sent is cut; not divided by `speed`, which says
    /// nothing of how fast clients are.
    pub stall_seconds: u64,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            speed: 1.0,
            refs: 6,
            code_seconds: 180,
            ban_seconds: 300,
            control_key: None,
            media_listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            media_host: None,
            trace: 4_000,
            phone_messages: 10_000,
            journal_bytes: 32 * 1024 * 1024,
            // Some days of a busy number, in the memory of a small machine.
            queue_stanzas: 20_000,
            queue_bytes: 64 * 1024 * 1024,
            // Twice the largest file.
            media_bytes: 4 * 1024 * 1024 * 1024,
            // As long as clients themselves wait before they give a connection up.
            stall_seconds: 30,
        }
    }
}

impl std::fmt::Debug for SimulatorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatorConfig")
            .field("speed", &self.speed)
            .field("refs", &self.refs)
            .field("control_key", &self.control_key.as_ref().map(|_| "set"))
            .field("media_listen", &self.media_listen)
            .finish_non_exhaustive()
    }
}

impl SimulatorConfig {
    /// A wait of the simulator after `speed` was applied.
    pub(crate) fn wait(&self, real: Duration) -> Duration {
        real.div_f64(self.speed)
    }

    /// Refuses values no network can work with.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(self.speed.is_finite() && (0.01..=10_000.0).contains(&self.speed)) {
            return Err(format!("`speed` is {}; it must lie between 0.01 and 10000", self.speed));
        }
        if !(1..=64).contains(&self.refs) {
            return Err(format!("`refs` is {}; it must lie between 1 and 64", self.refs));
        }
        let bounds = 1..=MAX_SECONDS;
        if !bounds.contains(&self.code_seconds) || !bounds.contains(&self.ban_seconds) {
            return Err(format!("`code_seconds` and `ban_seconds` must lie between 1 and {MAX_SECONDS}"));
        }
        if !bounds.contains(&self.stall_seconds) {
            return Err(format!("`stall_seconds` must lie between 1 and {MAX_SECONDS}"));
        }
        if self.queue_stanzas == 0 || self.queue_bytes == 0 {
            return Err("`queue_stanzas` and `queue_bytes` must be at least 1".to_owned());
        }
        if self.control_key.as_ref().is_some_and(|key| key.len() < 16) {
            return Err("`control_key` must have at least 16 characters".to_owned());
        }
        Ok(())
    }
}
