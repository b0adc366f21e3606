//! One handshake, from the client's hello to the transport keys.

use rand::CryptoRng;
use waproto::whatsapp as wa;

use super::{NoiseError, Opener, Sealer, ServerIdentity};

/// How a client came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// First contact.
    Xx,
    /// With our static key cached.
    Ik,
    /// With a stale key cached; it learned ours on the way.
    XxFallback,
}

/// A finished handshake.
pub(crate) struct Handshaken {
    /// Encrypts server → client.
    pub(crate) sealer: Sealer,
    /// Decrypts client → server.
    pub(crate) opener: Opener,
    /// The client's Noise static key.
    pub(crate) client_static: [u8; 32],
    /// Registration (no `username`, `device_pairing_data`) or login.
    pub(crate) payload: Box<wa::ClientPayload>,
    /// How the client came in.
    pub(crate) pattern: Pattern,
}

/// What follows a client's hello. `reply` is the payload of the frame to send.
pub(crate) enum HelloAnswer {
    /// XX or XXfallback: send `reply`, then give the client's next frame to [`AwaitingFinish::finish`].
    Pending { reply: Vec<u8>, state: Box<AwaitingFinish> },
    /// IK: send `reply`; everything after it is under the transport keys.
    Done { reply: Vec<u8>, session: Box<Handshaken> },
}

/// A handshake that waits for `clientFinish`.
pub(crate) struct AwaitingFinish {
    pattern: Pattern,
}

/// Answers a client's first frame. `prologue` is [`super::super::intro::Intro::header`].
pub(crate) fn answer_hello<R: CryptoRng>(
    identity: &ServerIdentity,
    prologue: [u8; 4],
    frame: &[u8],
    rng: &mut R,
) -> Result<HelloAnswer, NoiseError> {
    let _ = (identity, prologue, frame, rng);
    todo!()
}

impl AwaitingFinish {
    /// Reads `clientFinish`.
    pub(crate) fn finish(self, frame: &[u8]) -> Result<Handshaken, NoiseError> {
        let _ = (self.pattern, frame);
        todo!()
    }
}
