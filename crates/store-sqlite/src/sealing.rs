//! Sealing of secrets at rest: XChaCha20-Poly1305 under one master key.
//!
//! A sealed value is `version (1 byte) ‖ nonce (24, random) ‖ ciphertext ‖ tag (16)`. What the value is, whose it is
//! and under which key it is filed are authenticated beside it, so a value moved to another row does not open.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use std::fmt;
use std::sync::Arc;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
const HEAD: usize = 1 + NONCE;

/// The key under which secrets are sealed: 32 bytes. Cloning shares it.
#[derive(Clone)]
pub struct SealingKey(Arc<XChaCha20Poly1305>);

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// The text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a master key is 32 random bytes written as 64 hexadecimal digits, for example from `openssl rand -hex 32`"
)]
pub struct InvalidKey;

/// Where a sealed value lies; authenticated with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// What kind of value it is; numbers are given once and never again.
    pub(crate) kind: u8,
    /// Whose it is; empty for the gateway's own.
    pub(crate) session: &'a str,
    /// Under which key it is filed.
    pub(crate) key: &'a [u8],
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(2 + self.session.len() + self.key.len());
        // Session ids are at most 64 ASCII characters without a zero byte, so the zero ends them unambiguously.
        data.push(self.kind);
        data.extend_from_slice(self.session.as_bytes());
        data.push(0);
        data.extend_from_slice(self.key);
        data
    }
}

/// A sealed value does not open: it was damaged, moved, or sealed by a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open; it was damaged, or written by another version or under another key")]
pub(crate) struct Unsealable;

impl SealingKey {
    /// From 32 bytes of good randomness.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Arc::new(XChaCha20Poly1305::new(&Key::from(*bytes))))
    }

    /// From 64 hexadecimal digits; spaces and line ends around them are ignored.
    pub fn parse(text: &SecretString) -> Result<Self, InvalidKey> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.expose_secret().trim(), bytes.as_mut_slice()).map_err(|_| InvalidKey)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Seals `plain` for `place`.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = XNonce::from(rand::random::<[u8; NONCE]>());
        let mut sealed = Vec::with_capacity(HEAD + plain.len() + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .encrypt_inout_detached(&nonce, &place.associated_data(), (&mut sealed[HEAD..]).into())
            .expect("a value is far below the cipher's limit of 256 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub(crate) fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (head, rest) = sealed.split_at_checked(HEAD).ok_or(Unsealable)?;
        let (body, tag) =
            rest.len().checked_sub(TAG).and_then(|middle| rest.split_at_checked(middle)).ok_or(Unsealable)?;
        if head[0] != VERSION {
            return Err(Unsealable);
        }
        let nonce = XNonce::try_from(&head[1..]).map_err(|_| Unsealable)?;
        let tag = Tag::try_from(tag).map_err(|_| Unsealable)?;
        let mut plain = body.to_vec();
        self.0
            .decrypt_inout_detached(&nonce, &place.associated_data(), plain.as_mut_slice().into(), &tag)
            .map_err(|_| Unsealable)?;
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place { kind: 3, session: "ana", key: b"999100000001@s.whatsapp.net" };

    fn key() -> SealingKey {
        SealingKey::from_bytes(&[7; 32])
    }

    #[test]
    fn a_sealed_value_opens_where_it_was_sealed() {
        for plain in [&b""[..], b"x", &[9; 5000]] {
            assert_eq!(key().open(PLACE, &key().seal(PLACE, plain)).unwrap(), plain);
        }
    }

    #[test]
    fn a_value_moved_to_another_row_does_not_open() {
        let sealed = key().seal(PLACE, b"secret");
        for elsewhere in [
            Place { kind: 4, ..PLACE },
            Place { session: "bruno", ..PLACE },
            Place { key: b"999100000002@s.whatsapp.net", ..PLACE },
            Place { session: "an", key: b"a\x00999100000001@s.whatsapp.net", ..PLACE },
        ] {
            assert_eq!(key().open(elsewhere, &sealed), Err(Unsealable));
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let sealed = key().seal(PLACE, b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key().open(PLACE, &changed), Err(Unsealable), "byte {at}");
            assert_eq!(key().open(PLACE, &sealed[..at]), Err(Unsealable), "cut at {at}");
        }
    }

    #[test]
    fn equal_values_look_different_when_sealed() {
        assert_ne!(key().seal(PLACE, b"secret"), key().seal(PLACE, b"secret"));
    }

    #[test]
    fn a_master_key_is_64_hexadecimal_digits() {
        let text = |text: &str| SealingKey::parse(&SecretString::from(text.to_owned()));
        assert!(text(&"aB".repeat(32)).is_ok());
        assert!(text(&format!(" {}\n", "00".repeat(32))).is_ok());
        for bad in ["", "ab", &"zz".repeat(32), &"ab".repeat(33)] {
            assert_eq!(text(bad).err(), Some(InvalidKey), "{bad}");
        }
    }
}
