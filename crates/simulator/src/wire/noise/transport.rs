//! The two transport ciphers of a connection, each with its own counter.

use bytes::BytesMut;

use super::NoiseError;

/// Encrypts frames to the client.
pub(crate) struct Sealer {}

/// Decrypts frames of the client.
pub(crate) struct Opener {}

impl Sealer {
    /// Encrypts the next frame's payload.
    pub(crate) fn seal(&mut self, plaintext: Vec<u8>) -> Result<Vec<u8>, NoiseError> {
        let _ = plaintext;
        todo!()
    }
}

impl Opener {
    /// Decrypts the next frame's payload.
    pub(crate) fn open(&mut self, ciphertext: BytesMut) -> Result<BytesMut, NoiseError> {
        let _ = ciphertext;
        todo!()
    }
}
