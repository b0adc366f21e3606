//! Doubles at our own ports, and contract suites that every implementation of a port must pass. A dev-dependency
//! only: nothing that ships may name it.

pub mod fake_whatsapp;
pub mod key_store_contract;
pub mod store_contract;

pub use fake_whatsapp::{FakeConnection, FakeWhatsApp};
