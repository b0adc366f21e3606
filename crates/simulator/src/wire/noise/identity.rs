//! What the server is: its static key and the certificates that vouch for it.

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::crypto::keys::CurveKeyPair;

/// The long-lived keys of a network and its certificate chain, made once and kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ServerIdentity {
    server: CurveKeyPair,
    root: CurveKeyPair,
    intermediate: CurveKeyPair,
    chain: Vec<u8>,
}

impl ServerIdentity {
    /// Makes keys and a chain valid from a day before `now` (Unix seconds) for ten years.
    pub(crate) fn generate<R: CryptoRng>(now: u64, rng: &mut R) -> Self {
        let _ = (now, rng);
        todo!()
    }

    /// The static key clients may cache.
    pub(crate) fn static_public(&self) -> [u8; 32] {
        self.server.public
    }

    /// The key that signs the intermediate certificate.
    pub(crate) fn root_public(&self) -> [u8; 32] {
        self.root.public
    }

    /// The encoded `CertChain`.
    pub(crate) fn certificate_chain(&self) -> &[u8] {
        let _ = &self.intermediate;
        &self.chain
    }
}
