//! Offers to unlinked clients: references for QRs, and codes that wait on a phone. Owns how long they live.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::RngExt as _;
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::connection::Connection;
use super::login::failure;
use super::registration;
use crate::error::SimulatorError;
use crate::faults::{Fault, FaultKind, Target};
use crate::state::network::{Network, now_seconds};
use crate::wire::address::server_jid;
use crate::wire::build::{bytes_element, element};

const FIRST_REF: Duration = Duration::from_mins(1);
const NEXT_REF: Duration = Duration::from_secs(20);
/// A client counts from when it got its references: a QR that it still shows has to be good.
const GRACE: Duration = Duration::from_secs(5);

/// References and codes that can be used now.
#[derive(Default)]
pub(crate) struct Offers {
    references: Mutex<HashMap<String, Reference>>,
    pub(super) codes: Mutex<Vec<super::code::PendingCode>>,
    /// Companions that are asked for a passkey.
    pub(crate) passkeys: super::passkey::Ceremonies,
}

/// References taken out for one phone.
pub(crate) struct Claim {
    pub(crate) connection: Arc<Connection>,
    pub(crate) taken: HashMap<String, Reference>,
}

pub(crate) struct Reference {
    connection: Arc<Connection>,
    from: Instant,
    until: Instant,
}

impl Offers {
    /// Takes a reference out, if it can be used now, and the connection's other references with it: one phone at a time.
    pub(crate) fn claim(&self, reference: &str, noise_public: &[u8; 32]) -> Result<Claim, SimulatorError> {
        let mut references = self.references.lock();
        let found = references.get(reference).ok_or(SimulatorError::DeadQr(
            "it was used, or its connection is over, or it was never offered",
        ))?;
        let now = Instant::now();
        if now >= found.until {
            return Err(SimulatorError::DeadQr("its time is over"));
        }
        if now < found.from {
            return Err(SimulatorError::DeadQr("its time has not come; an earlier one is shown now"));
        }
        if found.connection.client_static.get() != Some(noise_public) {
            return Err(SimulatorError::DeadQr("it names another client than the one it was offered to"));
        }
        let connection = Arc::clone(&found.connection);
        let taken = references.extract_if(|_, other| other.connection.id == connection.id).collect();
        Ok(Claim { connection, taken })
    }

    /// Offers again what was claimed: the companion refused and still shows it, and the next phone may do better.
    pub(crate) fn give_back(&self, taken: HashMap<String, Reference>) {
        self.references.lock().extend(taken);
    }

    /// Forgets what a connection was offered.
    pub(crate) fn forget(&self, connection: u64) {
        self.references.lock().retain(|_, reference| reference.connection.id != connection);
        self.codes.lock().retain(|code| code.connection.id != connection);
    }
}

/// Offers an unlinked client its references, or gives the `<failure>` to end with.
pub(crate) fn begin(
    network: &Arc<Network>,
    connection: &Arc<Connection>,
    payload: &wa::ClientPayload,
) -> Result<(), Box<Node>> {
    let registration = registration::read(payload).map_err(|wrong| {
        tracing::info!(connection = connection.id, wrong, "a registration was refused");
        let mut failure = failure(400);
        failure.attrs.push("message", wrong);
        failure
    })?;
    if let Some(registration) = registration {
        // The connection is new, so this is the first time.
        drop(connection.registration.set(registration));
    }
    match network.faults.take(FaultKind::HoldQr, &Target::unlinked(connection.id)) {
        None => offer(network, connection),
        Some(Fault { seconds: Some(seconds), .. }) => offer_later(network, connection, seconds),
        Some(_) => {}
    }
    Ok(())
}

/// A fault: the references come late.
fn offer_later(network: &Arc<Network>, connection: &Arc<Connection>, seconds: u64) {
    let (late, connection) = (Arc::clone(network), Arc::clone(connection));
    network.tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            () = late.closing.cancelled() => return,
        }
        offer(&late, &connection);
        if late.connections.get(connection.id).is_none() {
            late.offers.forget(connection.id);
        }
    });
}

fn offer(network: &Network, connection: &Arc<Connection>) {
    let mut from = Instant::now();
    let mut children = Vec::with_capacity(network.config.refs);
    let mut references = network.offers.references.lock();
    for index in 0..network.config.refs {
        let text = random_reference();
        let life = network.config.wait(if index == 0 { FIRST_REF } else { NEXT_REF });
        let until = from + life;
        // A client shows the next reference a moment before we count the last one over: both are good around the turn.
        let reference = Reference {
            connection: Arc::clone(connection),
            from: from.checked_sub(life / 2).unwrap_or(from),
            until: until + network.config.wait(GRACE),
        };
        references.insert(text.clone(), reference);
        children.push(bytes_element("ref", text));
        from = until;
    }
    drop(references);
    let id = connection.next_id();
    let iq = element("iq")
        .attr("from", server_jid())
        .attr("type", "set")
        .attr("id", id)
        .attr("xmlns", "md")
        .children([element("pair-device").children(children).build()])
        .build();
    connection.send(iq);
}

/// Tells an unlinked client to throw away the secret that its QR shows.
pub(crate) fn refresh_registration(network: &Network) -> Node {
    element("notification")
        .attr("from", server_jid())
        .attr("type", "companion_reg_refresh")
        .attr("id", network.next_seq())
        .attr("t", now_seconds())
        .children([element("companion_reg_refresh").build()])
        .build()
}

pub(super) fn random_reference() -> String {
    use base64::Engine as _;
    let bytes: [u8; 66] = rand::rng().random();
    format!("2@{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}
