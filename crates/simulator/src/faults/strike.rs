//! Ordering trouble, and what strikes at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::book::{Delay, Order};
use super::{Fault, FaultKind, Target};
use crate::error::SimulatorError;
use crate::server::connection::Connection;
use crate::server::pairing;
use crate::server::unlink::stream_error;
use crate::state::network::Network;

impl Network {
    /// Orders trouble. Gives its number, and how many connections it struck at once.
    pub(crate) fn order_fault(self: &Arc<Self>, fault: Fault) -> Result<(u64, usize), SimulatorError> {
        let number = match &fault.phone {
            Some(text) => Some(self.directory.by_text(text).ok_or(SimulatorError::UnknownPhone)?.number),
            None => None,
        };
        let after = fault.check()?;
        let id = self.faults.number();
        let lasting = fault.kind == FaultKind::Ban || fault.version.is_some();
        let left = fault.count.or((!lasting).then_some(1));
        let order = Order { id, number, left, fault, delay: None, until: None };
        if after.is_zero() {
            return Ok((id, self.begin_fault(order)));
        }
        let taken_back = CancellationToken::new();
        let delay = Delay { until: Instant::now() + after, _task: taken_back.clone().drop_guard() };
        self.faults.add(Order { delay: Some(delay), ..order });
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
        Ok((id, 0))
    }

    fn begin_fault(&self, mut order: Order) -> usize {
        if order.fault.kind == FaultKind::Ban {
            let real = order.fault.seconds.unwrap_or(self.config.ban_seconds);
            order.until = Some(Instant::now() + self.config.wait(Duration::from_secs(real)));
        } else if !order.fault.kind.strikes_at_once() {
            self.faults.add(order);
            return 0;
        }
        let struck: Vec<_> = self
            .connections
            .all()
            .into_iter()
            .filter(|connection| {
                order.fits(&Target::of(connection)) && can_strike(order.fault.kind, connection)
            })
            .collect();
        let fault = order.fault.clone();
        if order.until.is_some() {
            // Before anybody is cut: who comes back at once finds it in force.
            self.faults.add(order);
        }
        for connection in &struck {
            self.strike(&fault, connection);
        }
        struck.len()
    }

    fn strike(&self, fault: &Fault, connection: &Connection) {
        match fault.kind {
            FaultKind::Silence => connection.silent.store(true, Ordering::Relaxed),
            FaultKind::StreamError => connection.end(Some(stream_error(fault.code.unwrap_or(503)))),
            FaultKind::RefreshRegistration => connection.send(pairing::refresh_registration(self)),
            _ => connection.cut.cancel(),
        }
    }
}

fn can_strike(kind: FaultKind, connection: &Connection) -> bool {
    match kind {
        FaultKind::Ban => connection.device.get().is_some(),
        FaultKind::RefreshRegistration => connection.is_unlinked(),
        _ => true,
    }
}
