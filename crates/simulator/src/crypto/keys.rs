//! Curve25519 key pairs: X25519 agreement and XEdDSA signatures.

use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::{KeyPair, PrivateKey, PublicKey};

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
        let pair = KeyPair::generate(rng);
        Self { private: *pair.private_key.serialize(), public: raw(&pair.public_key) }
    }

    /// The private scalar, clamped.
    pub(crate) fn private(&self) -> &[u8; 32] {
        &self.private
    }

    /// XEdDSA over the concatenation of `parts`.
    pub(crate) fn sign<R: CryptoRng>(&self, parts: &[&[u8]], rng: &mut R) -> [u8; 64] {
        self.private_key()
            .calculate_signature_for_multipart_message(parts, rng)
            .expect("a Curve25519 key signs everything")
    }

    /// X25519 with another's public key.
    pub(crate) fn agree(&self, their_public: &[u8; 32]) -> [u8; 32] {
        self.private_key()
            .calculate_agreement(&public_key(their_public))
            .expect("any 32 bytes are a Curve25519 key")
    }

    /// As libsignal's type.
    pub(crate) fn to_signal(&self) -> KeyPair {
        KeyPair::new(public_key(&self.public), self.private_key())
    }

    fn private_key(&self) -> PrivateKey {
        PrivateKey::deserialize(&self.private).expect("32 bytes are a private key")
    }
}

impl std::fmt::Debug for CurveKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CurveKeyPair").field("public", &hex::encode(self.public)).finish_non_exhaustive()
    }
}

/// Whether `signature` is XEdDSA of `public` over the concatenation of `parts`.
pub(crate) fn verify(public: &[u8; 32], parts: &[&[u8]], signature: &[u8]) -> bool {
    public_key(public).verify_signature_for_multipart_message(parts, signature)
}

/// As libsignal's type.
pub(crate) fn public_key(raw: &[u8; 32]) -> PublicKey {
    PublicKey::from_djb_public_key_bytes(raw).expect("any 32 bytes are a Curve25519 key")
}

/// The 32 bytes of a key without its type byte.
pub(crate) fn raw(key: &PublicKey) -> [u8; 32] {
    key.public_key_bytes().try_into().expect("a Curve25519 key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pairs_agree_and_signatures_hold_for_their_words_only() {
        let mut rng = rand::rng();
        let (ana, bruno) = (CurveKeyPair::generate(&mut rng), CurveKeyPair::generate(&mut rng));
        assert_eq!(ana.agree(&bruno.public), bruno.agree(&ana.public));
        let signature = ana.sign(&[b"one", b"two"], &mut rng);
        assert!(verify(&ana.public, &[b"onetwo"], &signature));
        assert!(!verify(&ana.public, &[b"onetwO"], &signature));
        assert!(!verify(&bruno.public, &[b"onetwo"], &signature));
        assert!(!verify(&ana.public, &[b"onetwo"], &signature[..63]));
    }

    #[test]
    fn a_pair_survives_being_kept_and_shows_no_secret() {
        let pair = CurveKeyPair::generate(&mut rand::rng());
        let kept: CurveKeyPair = postcard::from_bytes(&postcard::to_stdvec(&pair).unwrap()).unwrap();
        assert_eq!(kept.agree(&pair.public), pair.agree(&pair.public));
        assert!(!format!("{pair:?}").contains(&hex::encode(pair.private())));
    }
}
