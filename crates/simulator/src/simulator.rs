//! The network as its owner holds it: starting, stopping, and what can be asked of it from within the process.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::config::SimulatorConfig;
use crate::doors::{Door, Pipe};
use crate::error::SimulatorError;
use crate::faults::{Fault, OrderedFault};
use crate::phone::{Phone, rfc3339};
use crate::server::serve;
use crate::state::network::Network;
use crate::state::number::parse_number;
use crate::trace::TraceLine;
use crate::{control, media};

/// A running network. Cheap to clone; it runs until [`Simulator::shutdown`] or until its runtime ends.
#[derive(Clone)]
pub struct Simulator {
    network: Arc<Network>,
}

/// What a client or a tool needs to use the network.
#[derive(Debug, Clone, Serialize)]
pub struct SimulatorInfo {
    /// The WebSocket door.
    pub ws_url: String,
    /// The server's Noise static key, 64 hex digits.
    pub noise_static_public_key: String,
    /// The key that the certificate chain ends in, 64 hex digits.
    pub cert_root_public_key: String,
    /// Where media is exchanged, `https://host:port`.
    pub media_base: String,
    /// The authority that signs the media listener's certificate, PEM.
    pub media_ca: String,
    /// The version of this simulator.
    pub version: &'static str,
}

/// A connection as it is now.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionInfo {
    /// Its id; grows with every connection.
    pub id: u64,
    /// `pipe` or `websocket`.
    pub door: &'static str,
    /// The client's address, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// RFC 3339, UTC, milliseconds.
    pub since: String,
    /// `handshake`, `unlinked`, `logged_in`, `online` or `silent`.
    pub state: &'static str,
    /// The phone's number, once logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The device number, once logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("config", &self.network.config).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Starts a network that lives in memory. Call it within a Tokio runtime with time and I/O.
    pub fn start(config: SimulatorConfig) -> Result<Self, SimulatorError> {
        Self::run(Network::open(None, config)?)
    }

    /// Opens the network that lives in a folder, or begins one there. Blocks while it reads. A folder has one owner at a
    /// time; a second is refused with [`SimulatorError::Locked`]. Call it within a Tokio runtime with time and I/O.
    pub fn open(folder: &Path, config: SimulatorConfig) -> Result<Self, SimulatorError> {
        Self::run(Network::open(Some(folder), config)?)
    }

    fn run(network: Arc<Network>) -> Result<Self, SimulatorError> {
        media::listener::start(&network)?;
        network.wake_phones();
        Ok(Self { network })
    }

    /// Ends every connection, lets phones finish, writes what is in line, and gives the folder back.
    pub async fn shutdown(&self) {
        self.network.closing.cancel();
        self.network.tasks.close();
        self.network.tasks.wait().await;
        self.network.journal.close();
    }

    /// Opens the in-process door.
    pub fn connect(&self) -> Pipe {
        let (pipe, door) = Door::pipe();
        self.network.tasks.spawn(serve::serve(Arc::clone(&self.network), door, None));
        pipe
    }

    /// The WebSocket door (`/ws/chat`) and the control API (`/simulator/v1/…`). The control API is for unforwarded
    /// requests from this machine only, unless a `control_key` is set: serve the router with
    /// `into_make_service_with_connect_info::<SocketAddr>()`, or it cannot tell where a request comes from and refuses.
    pub fn router(&self) -> axum::Router {
        control::router(&self.network)
    }

    /// [`Simulator::router`] for a listener on which nothing else is served: it answers for every path, so it cannot be
    /// merged with a router that does the same.
    pub fn whole_router(&self) -> axum::Router {
        control::whole_router(&self.network)
    }

    /// What a client needs. `base` is the address under which the router is reached, e.g. `http://127.0.0.1:8080`.
    pub fn info(&self, base: &str) -> SimulatorInfo {
        info(&self.network, base)
    }

    /// The server's Noise static key: a client that knows it may open with Noise IK.
    pub fn noise_static_public_key(&self) -> [u8; 32] {
        self.network.identity.static_public()
    }

    /// The key that the server's certificate chain ends in.
    pub fn cert_root_public_key(&self) -> [u8; 32] {
        self.network.identity.root_public()
    }

    /// The authority that signs the media listener's certificate, PEM.
    pub fn media_ca_pem(&self) -> &str {
        self.network.media.ca_pem()
    }

    /// Where media is exchanged, `https://host:port`.
    pub fn media_base(&self) -> String {
        format!("https://{}", self.network.media.host())
    }

    /// The phone of this name; it is created, with a number of the unassigned range 999…, if there is none.
    pub async fn phone(&self, name: &str) -> Result<Phone, SimulatorError> {
        match self.phones().into_iter().find(|phone| phone.name() == name) {
            Some(phone) => Ok(phone),
            None => self.create_phone(name, None).await,
        }
    }

    /// A new phone with this number, in any writing.
    pub async fn phone_with_number(&self, name: &str, number: &str) -> Result<Phone, SimulatorError> {
        self.create_phone(name, Some(number)).await
    }

    /// A new phone; without a number it gets one of the unassigned range 999….
    #[expect(
        clippy::unused_async,
        reason = "every deed of a phone is awaited, whether it waits today or not"
    )]
    pub async fn create_phone(&self, name: &str, number: Option<&str>) -> Result<Phone, SimulatorError> {
        let number = number.map(parse_number).transpose()?;
        let account = self.network.create_phone(name, number)?;
        Ok(Phone { network: Arc::clone(&self.network), account })
    }

    /// The phone with this number, in any writing.
    pub fn phone_by_number(&self, number: &str) -> Result<Phone, SimulatorError> {
        let number = parse_number(number)?;
        let account = self.network.directory.by_number(number).ok_or(SimulatorError::UnknownPhone)?;
        Ok(Phone { network: Arc::clone(&self.network), account })
    }

    /// Every phone, by number.
    pub fn phones(&self) -> Vec<Phone> {
        let all = self.network.directory.all().into_iter();
        all.map(|account| Phone { network: Arc::clone(&self.network), account }).collect()
    }

    /// The connections of this moment, oldest first.
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        connections(&self.network)
    }

    /// Orders trouble. Gives how many connections it struck at once.
    pub fn fault(&self, fault: Fault) -> Result<usize, SimulatorError> {
        Ok(self.network.order_fault(fault)?.1)
    }

    /// Trouble that was ordered and is not over, with what is left of its count and of its delay.
    pub fn faults(&self) -> Vec<OrderedFault> {
        self.network.faults.list()
    }

    /// Takes one order for trouble back, by its number in [`Simulator::faults`].
    pub fn remove_fault(&self, id: u64) -> Result<(), SimulatorError> {
        if self.network.faults.remove(id) { Ok(()) } else { Err(SimulatorError::UnknownFault) }
    }

    /// Takes every order for trouble back, also those that are put off.
    pub fn clear_faults(&self) {
        self.network.faults.clear();
    }

    /// The stanzas kept after `after` (0: all that are kept), of one connection or of all, oldest first.
    pub fn trace(&self, connection: Option<u64>, after: u64) -> Vec<TraceLine> {
        self.network.trace.lines(connection, after)
    }
}

pub(crate) fn info(network: &Network, base: &str) -> SimulatorInfo {
    let base = base.trim_end_matches('/');
    let ws = match base.split_once("://") {
        Some(("https" | "wss", rest)) => format!("wss://{rest}"),
        Some((_, rest)) => format!("ws://{rest}"),
        None => format!("ws://{base}"),
    };
    SimulatorInfo {
        ws_url: format!("{ws}/ws/chat"),
        noise_static_public_key: hex::encode(network.identity.static_public()),
        cert_root_public_key: hex::encode(network.identity.root_public()),
        media_base: format!("https://{}", network.media.host()),
        media_ca: network.media.ca_pem().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

pub(crate) fn connections(network: &Network) -> Vec<ConnectionInfo> {
    let all = network.connections.all().into_iter();
    all.map(|connection| {
        let device = connection.device.get();
        ConnectionInfo {
            id: connection.id,
            door: connection.door,
            peer: connection.peer.map(|peer| peer.to_string()),
            since: rfc3339(connection.since),
            state: connection.state(),
            phone: device.map(|(account, _)| account.number.to_string()),
            device: device.map(|(_, device)| *device),
        }
    })
    .collect()
}
