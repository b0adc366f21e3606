//! A WhatsApp network of its own: a server of the real protocol, simulated phones, faults, and a control API.
//!
//! Owns everything from the byte stream of a door to the plaintext on a phone. Nothing is faked above the wire: Noise,
//! binary stanzas and Signal encryption end to end between real cryptographic phones, so that independent clients work
//! against it unchanged. It uses none of the other crates of this workspace, and never `whatsapp-rust`; protocol types do
//! not leave it.
//!
//! ```no_run
//! # async fn example() -> Result<(), enlace_simulator::SimulatorError> {
//! use enlace_simulator::{Simulator, SimulatorConfig};
//!
//! let simulator = Simulator::start(SimulatorConfig::default())?;
//! let ana = simulator.phone("Ana").await?;
//! let bruno = simulator.phone("Bruno").await?;
//! ana.send_text(&bruno.number(), "hello").await?;
//! # Ok(()) }
//! ```
//!
//! In memory ([`Simulator::start`]) or in a folder ([`Simulator::open`]): there every ratchet step and accepted message is
//! written before its frame or answer leaves, so that killing the process (`kill -9`) loses neither side.

mod config;
mod control;
mod crypto;
mod doors;
mod error;
mod faults;
mod media;
mod phone;
mod server;
mod simulator;
mod state;
mod trace;
mod wire;

pub use config::SimulatorConfig;
pub use control::problem_codes;
pub use doors::Pipe;
pub use error::SimulatorError;
pub use faults::{Fault, FaultKind, FaultState, LinkStep, OrderedFault};
pub use phone::{
    LinkPrompt, LinkedDevice, MediaContent, OutgoingContent, PasskeyPrompt, Phone, PhoneMedia, PhoneMessage,
    PhonePresence, PhoneReceipt, ReceiptKind,
};
pub use simulator::{ConnectionInfo, Simulator, SimulatorInfo};
pub use trace::{Direction, TraceLine};
