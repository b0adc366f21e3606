//! The use cases of Enlace, and the session actors that run them.
//!
//! [`Gateway`] is the facade: one method per use case, each in its file under `ops/`. Every session has an actor
//! (`actor/`): the only one that touches its connection, restarted by a supervisor when it panics, so that one bad
//! session never reaches another. What others read of a session is a snapshot that never waits behind its work.
//!
//! This crate knows the ports of `enlace-domain` and nothing behind them: no HTTP, no SQL, no WhatsApp library.

mod actor;
mod by;
mod config;
mod error;
mod gateway;
mod hub;
mod keys;
mod limits;
mod names;
mod ops;
mod reader;
mod registry;
mod secret_text;
mod tickets;
mod to_the_end;
mod unlinker;

pub use actor::snapshot::Snapshot;
pub use by::By;
pub use config::{Limits, SessionsConfig};
pub use error::{GatewayError, LinkFailure};
pub use gateway::{Gateway, GatewayParts};
pub use hub::EventHub;
pub use ops::authenticate::KeyError;
pub use ops::check_numbers::NUMBERS_MAX;
pub use ops::create_key::CreateKey;
pub use ops::create_session::CreateSession;
pub use ops::ensure_admin_key::AdminKey;
pub use ops::get_passkey::Passkey;
pub use ops::link::{LinkAnswer, LinkRequest};
pub use ops::patch_session::{PatchSession, SettingsChange};
pub use ops::read_events::Cursor;
pub use ops::reset_admin_key::{AdminKeyReset, all_keys, reset_admin_key};
pub use ops::send_message::{SendAnswer, SendMessage};
pub use ops::stream_ticket::{TICKET_SECONDS, TICKET_SECONDS_DEFAULT, TicketHolder, TicketRequest};
pub use ops::watch::WatchGuard;
pub use ops::watch_key::{KeyEnd, KeyWatch};
pub use reader::EventReader;
