//! The phone's side of linking by code. Each call with a code costs a PBKDF2 of 131,072 rounds or two (tens of
//! milliseconds): keep it off the async threads.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use wacore_libsignal::crypto::aes_256_gcm_decrypt;

use super::keys::CurveKeyPair;

const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const LENGTH: usize = 8;
const PBKDF2_ROUNDS: u32 = 131_072;
const WRAPPED: usize = 80;
const BUNDLE: usize = 156;
const BUNDLE_KEY_INFO: &[u8] = b"link_code_pairing_key_bundle_encryption_key";
const ADV_SECRET_INFO: &[u8] = b"adv_secret";

/// Eight characters of `123456789ABCDEFGHJKLMNPQRSTVWXYZ`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PairingCode(String);

/// Why a step of the code exchange failed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum CodeError {
    /// Not eight characters of the alphabet.
    #[error("a pairing code has eight characters of 123456789ABCDEFGHJKLMNPQRSTVWXYZ")]
    Malformed,
    /// A field of the exchange has another length.
    #[error("the companion's {0} has the wrong length")]
    Length(&'static str),
    /// The bundle does not open: another code was typed than the companion shows.
    #[error("the code is not the one the companion shows")]
    WrongCode,
    /// The bundle opens, but names other identity keys.
    #[error("the companion's bundle names other identity keys")]
    IdentityMismatch,
}

impl PairingCode {
    /// Reads what a user typed: any case, with dashes and spaces.
    pub(crate) fn parse(typed: &str) -> Result<Self, CodeError> {
        let code: String = typed
            .chars()
            .filter(|character| !(character.is_whitespace() || *character == '-'))
            .map(|character| character.to_ascii_uppercase())
            .collect();
        if code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte)) {
            Ok(Self(code))
        } else {
            Err(CodeError::Malformed)
        }
    }

    /// Encrypts or decrypts an ephemeral key; in CTR mode these are the same.
    fn apply(&self, salt: &[u8; 32], iv: &[u8; 16], key: &mut [u8; 32]) {
        let mut derived = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(self.0.as_bytes(), salt, PBKDF2_ROUNDS, &mut derived);
        Ctr128BE::<Aes256>::new(&derived.into(), &(*iv).into()).apply_keystream(key);
    }
}

impl std::fmt::Debug for PairingCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PairingCode(…)")
    }
}

/// The phone's half of an exchange, kept until the companion finishes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CodeExchange {
    ephemeral: CurveKeyPair,
    companion_ephemeral: [u8; 32],
}

/// Answers a companion's hello (`wrapped`: the 80 bytes of `link_code_pairing_wrapped_companion_ephemeral_pub`).
/// Gives the 80 bytes of `link_code_pairing_wrapped_primary_ephemeral_pub`. A wrong code shows only in
/// [`CodeExchange::open_bundle`].
pub(crate) fn answer_companion_hello<R: CryptoRng>(
    code: &PairingCode,
    wrapped: &[u8],
    rng: &mut R,
) -> Result<([u8; WRAPPED], CodeExchange), CodeError> {
    let wrapped: &[u8; WRAPPED] = wrapped.try_into().map_err(|_| CodeError::Length("wrapped key"))?;
    let (salt, iv, mut companion_ephemeral) = split_wrapped(wrapped);
    code.apply(&salt, &iv, &mut companion_ephemeral);

    let ephemeral = CurveKeyPair::generate(rng);
    let mut answer = [0; WRAPPED];
    rng.fill_bytes(&mut answer[..48]);
    let (salt, iv, _) = split_wrapped(&answer);
    let mut sealed = ephemeral.public;
    code.apply(&salt, &iv, &mut sealed);
    answer[48..].copy_from_slice(&sealed);
    Ok((answer, CodeExchange { ephemeral, companion_ephemeral }))
}

fn split_wrapped(wrapped: &[u8; WRAPPED]) -> ([u8; 32], [u8; 16], [u8; 32]) {
    let part = "parts of 80 bytes";
    (
        wrapped[..32].try_into().expect(part),
        wrapped[32..48].try_into().expect(part),
        wrapped[48..].try_into().expect(part),
    )
}

impl CodeExchange {
    /// Opens `link_code_pairing_wrapped_key_bundle` and derives the ADV secret. `companion_identity` is
    /// `companion_identity_public`.
    pub(crate) fn open_bundle(
        &self,
        account: &CurveKeyPair,
        bundle: &[u8],
        companion_identity: &[u8; 32],
    ) -> Result<[u8; 32], CodeError> {
        let bundle: &[u8; BUNDLE] = bundle.try_into().map_err(|_| CodeError::Length("key bundle"))?;
        let (salt, rest) = bundle.split_at(32);
        let (nonce, sealed) = rest.split_first_chunk::<12>().expect("156 bytes hold a nonce");
        let shared = self.ephemeral.agree(&self.companion_ephemeral);
        let key = derive(&shared, Some(salt), BUNDLE_KEY_INFO);
        let mut opened = Vec::with_capacity(96);
        aes_256_gcm_decrypt(&key, nonce, b"", sealed, &mut opened).map_err(|_| CodeError::WrongCode)?;
        if opened[..32] != companion_identity[..] || opened[32..64] != account.public[..] {
            return Err(CodeError::IdentityMismatch);
        }
        let mut secret = [0; 96];
        secret[..32].copy_from_slice(&shared);
        secret[32..64].copy_from_slice(&account.agree(companion_identity));
        secret[64..].copy_from_slice(&opened[64..]);
        Ok(derive(&secret, None, ADV_SECRET_INFO))
    }
}

fn derive(secret: &[u8], salt: Option<&[u8]>, info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(salt, secret).expand(info, &mut out).expect("HKDF gives 32 bytes");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::pair_code::PairCodeUtils;

    struct Companion {
        identity: CurveKeyPair,
        ephemeral: CurveKeyPair,
        code: String,
    }

    impl Companion {
        fn new() -> Self {
            let mut rng = rand::rng();
            let [identity, ephemeral] = std::array::from_fn(|_| CurveKeyPair::generate(&mut rng));
            Self { identity, ephemeral, code: PairCodeUtils::generate_code() }
        }

        fn hello(&self) -> [u8; 80] {
            PairCodeUtils::encrypt_ephemeral_pub(&self.ephemeral.public, &self.code)
        }

        fn finish(&self, phone_hello: &[u8; 80], account: [u8; 32]) -> (Vec<u8>, [u8; 32]) {
            let phone = PairCodeUtils::decrypt_primary_ephemeral_pub(phone_hello, &self.code).unwrap();
            PairCodeUtils::prepare_key_bundle(
                &self.ephemeral.to_signal(),
                &phone,
                &account,
                &self.identity.to_signal(),
            )
            .unwrap()
        }
    }

    #[test]
    fn the_right_code_gives_both_sides_the_same_secret() {
        let (companion, mut rng) = (Companion::new(), rand::rng());
        let account = CurveKeyPair::generate(&mut rng);
        let typed = format!("{}-{}", &companion.code[..4].to_lowercase(), &companion.code[4..]);
        let code = PairingCode::parse(&typed).unwrap();
        let (hello, exchange) = answer_companion_hello(&code, &companion.hello(), &mut rng).unwrap();
        let (bundle, secret) = companion.finish(&hello, account.public);
        let identity = &companion.identity.public;
        assert_eq!(exchange.open_bundle(&account, &bundle, identity), Ok(secret));

        let mut changed = bundle.clone();
        changed[100] ^= 1;
        assert_eq!(exchange.open_bundle(&account, &changed, identity), Err(CodeError::WrongCode));
        assert_eq!(exchange.open_bundle(&account, &bundle, &[1; 32]), Err(CodeError::IdentityMismatch));
        let other = CurveKeyPair::generate(&mut rng);
        assert_eq!(exchange.open_bundle(&other, &bundle, identity), Err(CodeError::IdentityMismatch));
        assert_eq!(
            exchange.open_bundle(&account, &bundle[1..], identity),
            Err(CodeError::Length("key bundle"))
        );
    }

    #[test]
    fn a_wrong_code_shows_when_the_bundle_does_not_open() {
        let (companion, mut rng) = (Companion::new(), rand::rng());
        let account = CurveKeyPair::generate(&mut rng);
        let wrong = if companion.code == "11111111" { "22222222" } else { "11111111" };
        let code = PairingCode::parse(wrong).unwrap();
        let (hello, exchange) = answer_companion_hello(&code, &companion.hello(), &mut rng).unwrap();
        let (bundle, _) = companion.finish(&hello, account.public);
        assert_eq!(
            exchange.open_bundle(&account, &bundle, &companion.identity.public),
            Err(CodeError::WrongCode)
        );
    }

    #[test]
    fn typed_codes_are_read_in_any_writing_and_others_refused() {
        let code = PairingCode::parse("ABCD1234").unwrap();
        for typed in ["abcd-1234", " ABCD 1234 ", "a-b-c-d-1-2-3-4"] {
            assert_eq!(PairingCode::parse(typed).unwrap(), code, "{typed}");
        }
        for typed in ["", "ABCD123", "ABCD12345", "ABCD123O", "ABCD1230", "ABCDİ234"] {
            assert_eq!(PairingCode::parse(typed), Err(CodeError::Malformed), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "PairingCode(…)");
    }

    #[test]
    fn a_hello_of_another_length_is_refused() {
        let code = PairingCode::parse("ABCD1234").unwrap();
        let refused = answer_companion_hello(&code, &[0; 79], &mut rand::rng());
        assert_eq!(refused.err(), Some(CodeError::Length("wrapped key")));
    }
}
