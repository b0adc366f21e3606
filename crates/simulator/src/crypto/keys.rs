//! Curve25519 key pairs: X25519 agreement and XEdDSA signatures.

use rand::CryptoRng;
use serde::{Deserialize, Serialize};

/// A key pair that can be kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CurveKeyPair {
    private: [u8; 32],
    /// The public key without a type byte.
    pub(crate) public: [u8; 32],
}

impl CurveKeyPair {
    /// A fresh pair.
    pub(crate) fn generate<R: CryptoRng>(rng: &mut R) -> Self {
        let _ = rng;
        todo!()
    }

    /// The private scalar, clamped.
    pub(crate) fn private(&self) -> &[u8; 32] {
        &self.private
    }

    /// XEdDSA over the concatenation of `parts`.
    pub(crate) fn sign<R: CryptoRng>(&self, parts: &[&[u8]], rng: &mut R) -> [u8; 64] {
        let _ = (parts, rng);
        todo!()
    }

    /// X25519 with another's public key.
    pub(crate) fn agree(&self, their_public: &[u8; 32]) -> [u8; 32] {
        let _ = their_public;
        todo!()
    }
}

/// Whether `signature` is XEdDSA of `public` over the concatenation of `parts`.
pub(crate) fn verify(public: &[u8; 32], parts: &[&[u8]], signature: &[u8]) -> bool {
    let _ = (public, parts, signature);
    todo!()
}
