//! The server's side of the Noise handshake: XX, IK, and XXfallback when a client's cached key is stale.

mod identity;
mod responder;
#[cfg(test)]
mod responder_tests;
mod transport;

pub(crate) use identity::ServerIdentity;
pub(crate) use responder::{Handshaken, HelloAnswer, Pattern, answer_hello};
pub(crate) use transport::{Opener, Sealer};

/// Why a handshake or a frame was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoiseError {
    /// Not a handshake message, or not the one expected now.
    #[error("not the expected handshake message: {0}")]
    Message(&'static str),
    /// A key has another length than 32 bytes.
    #[error("{0} has not 32 bytes")]
    KeyLength(&'static str),
    /// A tag does not fit: another key was meant, or bytes were changed.
    #[error("authentication failed: {0}")]
    Authentication(&'static str),
    /// The client's payload is no `ClientPayload`.
    #[error("the client payload cannot be read")]
    Payload,
    /// 2^32 frames were sent under one key.
    #[error("the frame counter is used up")]
    CounterExhausted,
}
