//! Our engine against the simulator in the way it meets WhatsApp the first time: over TLS, with Noise XX, and with a
//! registration, all of it checked by the simulator. The sessions are of the network `whatsapp`.
//!
//! Only here does a client believe every server's certificate chain, because only WhatsApp's root key signs one that it
//! would believe. That the product refuses a simulated server is a test of the engine's own.

mod linking;
mod refusals;
mod support;
