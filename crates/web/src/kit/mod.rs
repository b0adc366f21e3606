//! What every handler is built from: who asks, what was sent, and how an error is answered. No rule about sessions.

pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod client;
mod credential;
pub(crate) mod docs;
pub(crate) mod envelope;
pub(crate) mod moment;
pub(crate) mod own;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod state;
pub(crate) mod wait;
pub(crate) mod written;
