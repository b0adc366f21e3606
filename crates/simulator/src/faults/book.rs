//! The orders that are not over: whom each is for, how often it still strikes, and until when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::DropGuard;

use super::{Fault, FaultKind, FaultState, OrderedFault, Target};

/// The orders that are not over.
#[derive(Default)]
pub(crate) struct Faults {
    orders: Mutex<Vec<Order>>,
    next: AtomicU64,
}

pub(super) struct Order {
    pub(super) id: u64,
    pub(super) fault: Fault,
    pub(super) number: Option<u64>,
    /// How often it still strikes; without a bound until it is over or taken back.
    pub(super) left: Option<u32>,
    /// While it waits.
    pub(super) delay: Option<Delay>,
    /// When it is over, for what lasts.
    pub(super) until: Option<Instant>,
}

pub(super) struct Delay {
    pub(super) until: Instant,
    /// An order that is taken back ends the task that waits for it.
    pub(super) _task: DropGuard,
}

impl Order {
    pub(super) fn fits(&self, target: &Target) -> bool {
        self.fault.connection.is_none_or(|id| id == target.connection)
            && self.number.is_none_or(|number| target.number == Some(number))
            && self.fault.device.is_none_or(|device| target.device.is_none_or(|other| other == device))
    }

    fn shown(&self) -> OrderedFault {
        let (state, until) = match (&self.delay, self.until) {
            (Some(delay), _) => (FaultState::Waiting, Some(delay.until)),
            (None, Some(until)) => (FaultState::InForce, Some(until)),
            (None, None) => (FaultState::Ready, None),
        };
        OrderedFault {
            id: self.id,
            fault: Fault { count: self.left, ..self.fault.clone() },
            state,
            seconds_left: until.map(|until| until.saturating_duration_since(Instant::now()).as_secs_f64()),
        }
    }
}

impl Faults {
    /// A number for the next order.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn add(&self, order: Order) {
        self.orders.lock().push(order);
    }

    /// Uses up one strike of a fitting order.
    pub(crate) fn take(&self, kind: FaultKind, target: &Target) -> Option<Fault> {
        self.take_if(kind, target, |_| true)
    }

    /// The same, for an order that is also meant for this case.
    pub(crate) fn take_if(
        &self,
        kind: FaultKind,
        target: &Target,
        meant: impl Fn(&Fault) -> bool,
    ) -> Option<Fault> {
        let mut orders = self.orders.lock();
        let ready = |order: &Order| order.fault.kind == kind && order.delay.is_none() && meant(&order.fault);
        let place = orders.iter().position(|order| ready(order) && order.fits(target))?;
        let order = &mut orders[place];
        let fault = order.fault.clone();
        order.left = order.left.map(|left| left - 1);
        if order.left == Some(0) {
            orders.remove(place);
        }
        Some(fault)
    }

    /// How long what lasts still lasts, where one fits.
    pub(crate) fn in_force(&self, kind: FaultKind, target: &Target) -> Option<Duration> {
        let now = Instant::now();
        let orders = self.orders.lock();
        let lasting = orders.iter().filter(|order| order.fault.kind == kind && order.fits(target));
        lasting.filter_map(|order| order.until).filter(|until| *until > now).map(|until| until - now).max()
    }

    /// What is not over, in the order it was asked for.
    pub(crate) fn list(&self) -> Vec<OrderedFault> {
        let now = Instant::now();
        let mut orders = self.orders.lock();
        orders.retain(|order| order.until.is_none_or(|until| until > now));
        let mut shown: Vec<_> = orders.iter().map(Order::shown).collect();
        shown.sort_by_key(|order| order.id);
        shown
    }

    /// Takes an order back; `false` if there is none with this number.
    pub(crate) fn remove(&self, id: u64) -> bool {
        self.due(id).is_some()
    }

    /// Takes every order back, also those that wait.
    pub(crate) fn clear(&self) {
        self.orders.lock().clear();
    }

    /// Takes out an order whose time has come, unless it was taken back.
    pub(super) fn due(&self, id: u64) -> Option<Order> {
        let mut orders = self.orders.lock();
        let place = orders.iter().position(|order| order.id == id)?;
        Some(orders.remove(place))
    }
}
