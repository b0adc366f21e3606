//! WhatsApp through the library `whatsapp-rust`, behind the domain's [`WhatsApp`] port.
//!
//! This is the only crate that names the library, and no type of it is seen outside (the key-store traits of `wacore`
//! excepted, which a store fulfils). It owns one socket's life at a time: it dials, links, logs in, decodes, sends, and
//! says how the life ended. Whether and when to open the next one is the session's decision, never made here: the
//! library's own reconnect is off and nothing is tried twice.
//!
//! A session of the network `whatsapp` trusts WhatsApp's own root and nothing else. A session of the network
//! `simulator` is seeded with the simulator's static key before each opening (see [`config::SimulatorNetwork`]), which
//! makes the library open with Noise IK; that trust lies in the session's own device row and reaches no other.
//!
//! What the library does not let us acknowledge late, and what is therefore delivered at most once: messages of
//! channels, and messages that the phone sends again because this device could not decrypt them. Everything else that
//! reaches the [`Inbox`](enlace_domain::port::Inbox) as a message or a receipt is acknowledged after it was kept.

#![deny(missing_docs)]

mod classify;
pub mod config;
mod connection;
mod decode;
mod durability;
mod engine;
mod events;
mod forget;
mod http;
mod life;
mod log_filter;
mod never_began;
mod numbers;
mod open;
mod pace;
mod pairing;
mod passkey;
mod presence;
mod proxy;
mod qr;
mod queue;
mod receipts;
mod runtime;
mod seed;
mod send;
mod shared;
mod transport;
mod version;
mod way;

pub use config::{BytePipe, ClientVersion, Companion, DialPace, Door, EngineConfig, KeyStoreFactory, Limits};
pub use config::{Platform, SimulatorNetwork, VersionPolicy, WhatsappNetwork};
pub use engine::WebEngine;
pub use log_filter::{forward_library_log, log_filter_directives};

#[cfg(doc)]
use enlace_domain::port::WhatsApp;
