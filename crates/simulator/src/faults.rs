//! Trouble made on purpose. Owns what was ordered and when it strikes; where it strikes is the server's code.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::config::MAX_SECONDS;
use crate::error::SimulatorError;
use crate::server::connection::Connection;
use crate::server::unlink::stream_error;
use crate::state::network::Network;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The connection ends without a word.
    Cut,
    /// The connection stays open, but nothing is read or written on it any more.
    Silence,
    /// `<stream:error code=…/>` (default 503), then the end.
    StreamError,
    /// The next logins are answered by `<failure reason=…/>` (default 401; 402 is a temporary ban).
    Failure,
    /// The next requests for a pairing code are refused with this code (default 429).
    RefuseCode,
    /// The next messages are delivered, but not acknowledged.
    DropAcks,
    /// After the next pairing the obligatory restart (515) comes this many `seconds` later (default 5, not divided by
    /// `speed`).
    HoldRestart,
}

impl FaultKind {
    /// Every kind, as it is written.
    pub const ALL: [&'static str; 7] =
        ["cut", "silence", "stream-error", "failure", "refuse-code", "drop-acks", "hold-restart"];

    fn strikes_at_once(self) -> bool {
        matches!(self, Self::Cut | Self::Silence | Self::StreamError)
    }
}

/// An order for trouble. Without `connection` and `phone` it is for whoever comes first (or, for what strikes at once, for
/// every connection).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Only on this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Only for companions of this phone, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Only for this companion of the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
    /// How often; default 1. What strikes at once does so once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Seconds until it begins, not divided by `speed`; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// The code or reason on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// How long a temporary ban lasts, before `speed`; how long a restart is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// Where something is about to happen that a fault may spoil.
pub(crate) struct Target {
    connection: u64,
    number: Option<u64>,
    device: Option<u16>,
}

impl Target {
    pub(crate) fn device(number: u64, device: u16, connection: u64) -> Self {
        Self { connection, number: Some(number), device: Some(device) }
    }

    pub(crate) fn phone(number: u64, connection: u64) -> Self {
        Self { connection, number: Some(number), device: None }
    }

    fn of(connection: &Connection) -> Self {
        let device = connection.device.get();
        Self {
            connection: connection.id,
            number: device.map(|(account, _)| account.number),
            device: device.map(|(_, device)| *device),
        }
    }
}

/// The orders that have not struck yet.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    fault: Fault,
    number: Option<u64>,
    left: u32,
}

impl Waiting {
    fn fits(&self, target: &Target) -> bool {
        self.fault.connection.is_none_or(|id| id == target.connection)
            && self.number.is_none_or(|number| target.number == Some(number))
            && self.fault.device.is_none_or(|device| target.device.is_none_or(|other| other == device))
    }
}

impl Faults {
    /// Uses up one strike of a fitting order.
    pub(crate) fn take(&self, kind: FaultKind, target: &Target) -> Option<Fault> {
        let mut waiting = self.waiting.lock();
        let place = waiting.iter().position(|order| order.fault.kind == kind && order.fits(target))?;
        let order = &mut waiting[place];
        order.left -= 1;
        let fault = order.fault.clone();
        if order.left == 0 {
            waiting.remove(place);
        }
        Some(fault)
    }

    /// What has not struck yet, with what is left of its count.
    pub(crate) fn list(&self) -> Vec<Fault> {
        let waiting = self.waiting.lock();
        waiting.iter().map(|order| Fault { count: Some(order.left), ..order.fault.clone() }).collect()
    }

    pub(crate) fn clear(&self) {
        self.waiting.lock().clear();
    }
}

impl Network {
    /// Orders trouble. Gives how many connections it struck at once.
    pub(crate) fn order_fault(self: &Arc<Self>, fault: Fault) -> Result<usize, SimulatorError> {
        let number = match &fault.phone {
            Some(text) => Some(self.directory.by_text(text).ok_or(SimulatorError::UnknownPhone)?.number),
            None => None,
        };
        if fault.count == Some(0) {
            return Err(SimulatorError::Invalid("`count` must be at least 1".to_owned()));
        }
        if fault.seconds.is_some_and(|seconds| seconds > MAX_SECONDS) {
            return Err(SimulatorError::Invalid(format!("`seconds` must be at most {MAX_SECONDS}")));
        }
        if fault.device.is_some() && fault.phone.is_none() {
            return Err(SimulatorError::Invalid("`device` needs `phone`: whose companion is it?".to_owned()));
        }
        let after = fault.after.unwrap_or(0.0);
        if !(0.0..=86_400.0).contains(&after) {
            return Err(SimulatorError::Invalid("`after` must lie between 0 and 86400 seconds".to_owned()));
        }
        let order = Waiting { number, left: fault.count.unwrap_or(1), fault };
        if after > 0.0 {
            let network = Arc::clone(self);
            self.tasks.spawn(async move {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs_f64(after)) => {
                        network.begin_fault(order);
                    }
                    () = network.closing.cancelled() => {}
                }
            });
            return Ok(0);
        }
        Ok(self.begin_fault(order))
    }

    fn begin_fault(&self, order: Waiting) -> usize {
        if !order.fault.kind.strikes_at_once() {
            self.faults.waiting.lock().push(order);
            return 0;
        }
        let struck: Vec<_> =
            self.connections.all().into_iter().filter(|c| order.fits(&Target::of(c))).collect();
        for connection in &struck {
            match order.fault.kind {
                FaultKind::Silence => connection.silent.store(true, Ordering::Relaxed),
                FaultKind::StreamError => {
                    connection.end(Some(stream_error(order.fault.code.unwrap_or(503))));
                }
                _ => connection.cut.cancel(),
            }
        }
        struck.len()
    }
}
