//! Gauges of what is now, read from the sessions' snapshots: no session's work is waited for.

use super::counters::Labels;
use enlace_domain::clock::Timestamp;
use enlace_domain::session::{Desired, Session, StateName};
use enlace_sessions::Snapshot;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeSet;

/// Makes them part of an answer.
pub(super) fn register(snapshots: &[Snapshot], now: Timestamp, registry: &mut Registry) {
    let (count, silence) = (Family::<Labels<2>, Gauge>::default(), Family::<Labels<2>, Gauge>::default());
    let networks: BTreeSet<_> = snapshots.iter().map(|snapshot| snapshot.session.network.as_str()).collect();
    // A state that nobody is in is 0, not absent: an alert on it has something to compare with.
    for (network, state) in networks.iter().flat_map(|network| StateName::ALL.map(|state| (*network, state)))
    {
        count.get_or_create(&labels(network, "state", state.as_str())).set(0);
    }
    for Snapshot { session, heard_at, .. } in snapshots {
        let network = session.network.as_str();
        count.get_or_create(&labels(network, "state", session.state.name.as_str())).inc();
        if shall_hear(session) {
            let seconds = (now - heard_at.unwrap_or(session.state.since)).num_seconds().max(0);
            silence.get_or_create(&labels(network, "session", session.id.as_str())).set(seconds);
        }
    }
    registry.register("sessions", "Sessions, by what they are now", count);
    registry.register_with_unit(
        "session_silence",
        "Since a linked session that shall run last heard from its network, or since its state began where it has not; looked at every 15 s",
        Unit::Seconds,
        silence,
    );
}

/// Whether silence means something: nobody stopped it, and it is not at rest until somebody does something.
fn shall_hear(session: &Session) -> bool {
    let state = session.state.name;
    session.linked
        && session.desired == Desired::Running
        && (state == StateName::Online || state.is_transitional())
}

fn labels(network: &str, name: &'static str, value: &str) -> Labels<2> {
    [("network", network.to_owned()), (name, value.to_owned())]
}
