//! Media as it lies on the media host: AES-256-CBC and a 10-byte MAC under keys derived from the media key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use sha2::{Digest, Sha256};
use wacore_libsignal::crypto::{aes_256_cbc_decrypt_into, aes_256_cbc_encrypt_into};

const MAC_BYTES: usize = 10;
const BLOCK: usize = 16;

/// The kinds of media that differ in their derived keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaKind {
    /// Images and stickers.
    Image,
    /// Videos.
    Video,
    /// Audio and voice notes.
    Audio,
    /// Documents.
    Document,
    /// History sync blobs.
    History,
}

/// An encrypted file and what a message says about it.
#[derive(Clone)]
pub(crate) struct EncryptedMedia {
    /// Ciphertext ‖ MAC, as uploaded.
    pub(crate) bytes: Vec<u8>,
    /// The key, for `mediaKey`.
    pub(crate) media_key: [u8; 32],
    /// SHA-256 of the plaintext.
    pub(crate) file_sha256: [u8; 32],
    /// SHA-256 of `bytes`.
    pub(crate) file_enc_sha256: [u8; 32],
    /// Bytes of the plaintext.
    pub(crate) file_length: u64,
}

/// Why media cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum MediaError {
    /// Shorter than a MAC and a block.
    #[error("the encrypted file is too short")]
    TooShort,
    /// Hash or MAC differ.
    #[error("the encrypted file does not match its {0}")]
    Mismatch(&'static str),
    /// The padding is wrong.
    #[error("the encrypted file has wrong padding")]
    Padding,
}

impl MediaKind {
    /// The HKDF info of this kind.
    pub(crate) fn info(self) -> &'static str {
        match self {
            Self::Image => "WhatsApp Image Keys",
            Self::Video => "WhatsApp Video Keys",
            Self::Audio => "WhatsApp Audio Keys",
            Self::Document => "WhatsApp Document Keys",
            Self::History => "WhatsApp History Keys",
        }
    }
}

struct Keys {
    iv: [u8; 16],
    cipher: [u8; 32],
    mac: [u8; 32],
}

impl Keys {
    fn derive(kind: MediaKind, media_key: &[u8; 32]) -> Self {
        // iv 16, cipher 32, mac 32, and 32 of a reference key nobody uses any more.
        let mut out = [0; 112];
        Hkdf::<Sha256>::new(None, media_key)
            .expand(kind.info().as_bytes(), &mut out)
            .expect("HKDF gives 112 bytes");
        let part = "parts of 112 bytes";
        Self {
            iv: out[..16].try_into().expect(part),
            cipher: out[16..48].try_into().expect(part),
            mac: out[48..80].try_into().expect(part),
        }
    }

    fn mac_of(&self, ciphertext: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.mac).expect("HMAC takes keys of any length");
        mac.update(&self.iv);
        mac.update(ciphertext);
        mac
    }
}

/// Encrypts a file under a fresh key.
pub(crate) fn encrypt_media<R: CryptoRng>(kind: MediaKind, plaintext: &[u8], rng: &mut R) -> EncryptedMedia {
    let mut media_key = [0; 32];
    rng.fill_bytes(&mut media_key);
    let keys = Keys::derive(kind, &media_key);
    let mut bytes = Vec::with_capacity(plaintext.len() + BLOCK + MAC_BYTES);
    aes_256_cbc_encrypt_into(plaintext, &keys.cipher, &keys.iv, &mut bytes)
        .expect("keys of the right length encrypt everything");
    let mac = keys.mac_of(&bytes).finalize().into_bytes();
    bytes.extend_from_slice(&mac[..MAC_BYTES]);
    EncryptedMedia {
        media_key,
        file_sha256: Sha256::digest(plaintext).into(),
        file_enc_sha256: Sha256::digest(&bytes).into(),
        file_length: plaintext.len() as u64,
        bytes,
    }
}

/// Decrypts a file; the plaintext's hash is checked where the message names one.
pub(crate) fn decrypt_media(
    kind: MediaKind,
    media_key: &[u8; 32],
    bytes: &[u8],
    file_sha256: Option<&[u8]>,
) -> Result<Vec<u8>, MediaError> {
    let (ciphertext, mac) = match bytes.split_last_chunk::<MAC_BYTES>() {
        Some((ciphertext, mac)) if ciphertext.len() >= BLOCK => (ciphertext, mac),
        _ => return Err(MediaError::TooShort),
    };
    let keys = Keys::derive(kind, media_key);
    keys.mac_of(ciphertext).verify_truncated_left(mac).map_err(|_| MediaError::Mismatch("MAC"))?;
    let mut plaintext = Vec::with_capacity(ciphertext.len());
    aes_256_cbc_decrypt_into(ciphertext, &keys.cipher, &keys.iv, &mut plaintext)
        .map_err(|_| MediaError::Padding)?;
    if file_sha256.is_some_and(|expected| expected != Sha256::digest(&plaintext).as_slice()) {
        return Err(MediaError::Mismatch("SHA-256"));
    }
    Ok(plaintext)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::download::{DownloadUtils, MediaType};

    const KINDS: [(MediaKind, MediaType); 5] = [
        (MediaKind::Image, MediaType::Image),
        (MediaKind::Video, MediaType::Video),
        (MediaKind::Audio, MediaType::Audio),
        (MediaKind::Document, MediaType::Document),
        (MediaKind::History, MediaType::History),
    ];

    #[test]
    fn the_client_reads_what_we_encrypt_and_we_read_it_back() {
        for (kind, theirs) in KINDS {
            for plaintext in [&b""[..], b"a", &[7; 16], &[9; 10_000]] {
                let media = encrypt_media(kind, plaintext, &mut rand::rng());
                let read = DownloadUtils::decrypt_stream(
                    std::io::Cursor::new(&media.bytes),
                    &media.media_key,
                    theirs,
                )
                .unwrap();
                assert_eq!(read, plaintext, "{kind:?}");
                let hash = Some(&media.file_sha256[..]);
                assert_eq!(decrypt_media(kind, &media.media_key, &media.bytes, hash).unwrap(), plaintext);
                assert_eq!(media.file_length, plaintext.len() as u64);
                assert_eq!(<[u8; 32]>::from(Sha256::digest(&media.bytes)), media.file_enc_sha256);
            }
        }
    }

    #[test]
    fn a_changed_file_another_kind_and_another_hash_are_refused() {
        let media = encrypt_media(MediaKind::Image, b"picture", &mut rand::rng());
        let key = &media.media_key;
        let mut changed = media.bytes.clone();
        changed[3] ^= 1;
        let mac = Err(MediaError::Mismatch("MAC"));
        assert_eq!(decrypt_media(MediaKind::Image, key, &changed, None), mac);
        assert_eq!(decrypt_media(MediaKind::Video, key, &media.bytes, None), mac);
        assert_eq!(decrypt_media(MediaKind::Image, &[1; 32], &media.bytes, None), mac);
        assert_eq!(decrypt_media(MediaKind::Image, key, &media.bytes[..25], None), Err(MediaError::TooShort));
        assert_eq!(
            decrypt_media(MediaKind::Image, key, &media.bytes, Some(&[0; 32])),
            Err(MediaError::Mismatch("SHA-256"))
        );
    }
}
