//! Media as it lies on the media host: AES-256-CBC and a 10-byte MAC under keys derived from the media key.

use rand::CryptoRng;

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
    /// App-state blobs.
    AppState,
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
            Self::AppState => "WhatsApp App State Keys",
        }
    }
}

/// Encrypts a file under a fresh key.
pub(crate) fn encrypt_media<R: CryptoRng>(kind: MediaKind, plaintext: &[u8], rng: &mut R) -> EncryptedMedia {
    let _ = (kind, plaintext, rng);
    todo!()
}

/// Decrypts a file; the plaintext's hash is checked where the message names one.
pub(crate) fn decrypt_media(
    kind: MediaKind,
    media_key: &[u8; 32],
    bytes: &[u8],
    file_sha256: Option<&[u8]>,
) -> Result<Vec<u8>, MediaError> {
    let _ = (kind, media_key, bytes, file_sha256);
    todo!()
}
