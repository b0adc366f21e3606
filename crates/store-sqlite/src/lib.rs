//! Enlace's storage on SQLite: one file holds every session, message, event and WhatsApp key of a gateway.
//!
//! [`SqliteStore`] fulfils the storage port of `enlace-domain`, and [`SqliteKeyStore`] wacore's five key-store traits
//! for one session. Both write through the same single writer, which lets concurrent writes share one disk flush
//! (group commit) and answers only when they are really durable. Reading goes by a small pool of its own and never
//! waits for writing. Secrets are sealed ([`SealingKey`]) before they reach the file.
//!
//! No rule about sessions or WhatsApp lives here; only this crate contains SQL.

#![deny(missing_docs)]

mod key_store;
mod master_key;
mod open;
mod page_token;
mod read;
mod retention;
mod rows;
mod sealing;
mod slot;
mod sql;
mod store;
mod writer;

pub use key_store::SqliteKeyStore;
pub use master_key::{KeyOrigin, MasterKeyError};
pub use open::OpenError;
pub use sealing::{InvalidKey, SealingKey};
pub use store::SqliteStore;
pub use writer::WriterCounts;
