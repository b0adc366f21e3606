//! The two transport ciphers of a connection, each with its own counter.

use bytes::BytesMut;
use wacore_noise::NoiseCipher;

use super::NoiseError;

/// Encrypts frames to the client.
pub(crate) struct Sealer {
    cipher: NoiseCipher,
    counter: Counter,
}

/// Decrypts frames of the client.
pub(crate) struct Opener {
    cipher: NoiseCipher,
    counter: Counter,
}

/// A nonce is never used twice: after the last one there is none.
struct Counter(Option<u32>);

impl Counter {
    fn next(&mut self) -> Result<u32, NoiseError> {
        let current = self.0.ok_or(NoiseError::CounterExhausted)?;
        self.0 = current.checked_add(1);
        Ok(current)
    }
}

impl Sealer {
    pub(super) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: Counter(Some(0)) }
    }

    /// Encrypts the next frame's payload.
    pub(crate) fn seal(&mut self, mut plaintext: Vec<u8>) -> Result<Vec<u8>, NoiseError> {
        let counter = self.counter.next()?;
        self.cipher
            .encrypt_in_place_with_counter(counter, &mut plaintext)
            .map_err(|_| NoiseError::Authentication("a frame cannot be encrypted"))?;
        Ok(plaintext)
    }
}

impl Opener {
    pub(super) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: Counter(Some(0)) }
    }

    /// Decrypts the next frame's payload. After an error the connection is unusable: the counters no longer agree.
    pub(crate) fn open(&mut self, mut ciphertext: BytesMut) -> Result<BytesMut, NoiseError> {
        let counter = self.counter.next()?;
        self.cipher
            .decrypt_in_place_with_counter(counter, &mut ciphertext)
            .map_err(|_| NoiseError::Authentication("a frame does not open"))?;
        Ok(ciphertext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_counter_is_used_once_and_none_after_it() {
        let mut counter = Counter(Some(u32::MAX));
        assert_eq!(counter.next().unwrap(), u32::MAX);
        assert!(matches!(counter.next(), Err(NoiseError::CounterExhausted)));
        assert!(matches!(counter.next(), Err(NoiseError::CounterExhausted)));
    }
}
