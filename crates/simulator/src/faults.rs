//! Trouble made on purpose. Owns what was ordered and when it strikes; where it strikes is the server's code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::MAX_SECONDS;
use crate::error::SimulatorError;
use crate::server::connection::Connection;
use crate::server::unlink::stream_error;
use crate::state::network::Network;

/// A day: the longest that trouble can be put off, in seconds.
const MAX_AFTER: f64 = 86_400.0;

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

/// Trouble that was ordered and is not over, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderedFault {
    /// The order, with what is left of its count.
    #[serde(flatten)]
    pub fault: Fault,
    /// Where it is in its life.
    pub state: FaultState,
    /// Seconds until it begins, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
}

/// Where an order for trouble is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultState {
    /// Its `after` is not over.
    Waiting,
    /// It strikes the next that it is meant for.
    Ready,
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

/// The orders that are not over.
#[derive(Default)]
pub(crate) struct Faults {
    orders: Mutex<Vec<Order>>,
    next: AtomicU64,
}

struct Order {
    id: u64,
    fault: Fault,
    number: Option<u64>,
    left: u32,
    /// While it waits.
    delay: Option<Delay>,
}

struct Delay {
    until: Instant,
    /// An order that is taken back ends the task that waits for it.
    _task: DropGuard,
}

impl Order {
    fn fits(&self, target: &Target) -> bool {
        self.fault.connection.is_none_or(|id| id == target.connection)
            && self.number.is_none_or(|number| target.number == Some(number))
            && self.fault.device.is_none_or(|device| target.device.is_none_or(|other| other == device))
    }

    fn shown(&self) -> OrderedFault {
        let left = self.delay.as_ref().map(|delay| delay.until.saturating_duration_since(Instant::now()));
        OrderedFault {
            fault: Fault { count: Some(self.left), ..self.fault.clone() },
            state: if left.is_some() { FaultState::Waiting } else { FaultState::Ready },
            seconds_left: left.map(|left| left.as_secs_f64()),
        }
    }
}

impl Faults {
    /// Uses up one strike of a fitting order.
    pub(crate) fn take(&self, kind: FaultKind, target: &Target) -> Option<Fault> {
        let mut orders = self.orders.lock();
        let ready = |order: &Order| order.fault.kind == kind && order.delay.is_none();
        let place = orders.iter().position(|order| ready(order) && order.fits(target))?;
        let order = &mut orders[place];
        order.left -= 1;
        let fault = order.fault.clone();
        if order.left == 0 {
            orders.remove(place);
        }
        Some(fault)
    }

    /// What is not over, in the order it was asked for.
    pub(crate) fn list(&self) -> Vec<OrderedFault> {
        self.orders.lock().iter().map(Order::shown).collect()
    }

    /// Takes every order back, also those that wait.
    pub(crate) fn clear(&self) {
        self.orders.lock().clear();
    }

    /// Takes out an order whose time has come, unless it was taken back.
    fn due(&self, id: u64) -> Option<Order> {
        let mut orders = self.orders.lock();
        let place = orders.iter().position(|order| order.id == id)?;
        Some(orders.remove(place))
    }
}

impl Network {
    /// Orders trouble. Gives how many connections it struck at once.
    pub(crate) fn order_fault(self: &Arc<Self>, fault: Fault) -> Result<usize, SimulatorError> {
        let number = match &fault.phone {
            Some(text) => Some(self.directory.by_text(text).ok_or(SimulatorError::UnknownPhone)?.number),
            None => None,
        };
        let after = check(&fault)?;
        let id = self.faults.next.fetch_add(1, Ordering::Relaxed);
        let order = Order { id, number, left: fault.count.unwrap_or(1), fault, delay: None };
        if after.is_zero() {
            return Ok(self.begin_fault(order));
        }
        let taken_back = CancellationToken::new();
        let delay = Delay { until: Instant::now() + after, _task: taken_back.clone().drop_guard() };
        self.faults.orders.lock().push(Order { delay: Some(delay), ..order });
        let network = Arc::clone(self);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(after) => {
                    if let Some(order) = network.faults.due(id) {
                        network.begin_fault(Order { delay: None, ..order });
                    }
                }
                () = taken_back.cancelled() => {}
                () = network.closing.cancelled() => {}
            }
        });
        Ok(0)
    }

    fn begin_fault(&self, order: Order) -> usize {
        if !order.fault.kind.strikes_at_once() {
            self.faults.orders.lock().push(order);
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

/// Refuses an order that cannot be meant. Gives how long it waits.
fn check(fault: &Fault) -> Result<Duration, SimulatorError> {
    let invalid = |detail: String| Err(SimulatorError::Invalid(detail));
    if fault.count == Some(0) {
        return invalid("`count` must be at least 1".to_owned());
    }
    if fault.seconds.is_some_and(|seconds| seconds > MAX_SECONDS) {
        return invalid(format!("`seconds` must be at most {MAX_SECONDS}"));
    }
    if fault.device.is_some() && fault.phone.is_none() {
        return invalid("`device` needs `phone`: whose companion is it?".to_owned());
    }
    let after = fault.after.unwrap_or(0.0);
    if !(0.0..=MAX_AFTER).contains(&after) {
        return invalid(format!("`after` must lie between 0 and {MAX_AFTER} seconds"));
    }
    Ok(Duration::from_secs_f64(after))
}
