//! The network through its public doors: a test companion on the byte pipe, phones, and the control API over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod companion;
mod control;
mod groups;
mod keys;
mod limits;
mod linking;
mod media;
mod messages;
mod passkey;
mod persistence;
mod queries;
mod socket;
mod trouble;
mod websocket;
mod welcome;
