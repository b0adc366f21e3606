//! Keys as text: making and hashing them.

use rand::Rng;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// A new key: 256 random bits as 64 hex characters.
pub(crate) fn new_key() -> SecretString {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes).into()
}

/// What is stored of a key.
pub(crate) fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}
