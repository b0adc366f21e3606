//! The wire of the network: how bytes of a socket become stanzas and back.
//!
//! Owns the client's intro, frames, the Noise responder with its certificate chain, binary stanzas, and reading and
//! building nodes. Pure: it opens no socket, keeps no state between calls but what it returns, and takes its
//! randomness as an argument.

pub(crate) mod address;
pub(crate) mod build;
pub(crate) mod frame;
pub(crate) mod intro;
pub(crate) mod node;
pub(crate) mod noise;
pub(crate) mod render;
pub(crate) mod stanza;
