//! The phone's side of linking under a passkey (SHORTCAKE): an exchange of fresh keys that ends in a code which both
//! sides show, and in the companion's new secret.

use buffa::{Enumeration as _, Message as _};
use hkdf::Hkdf;
use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use wacore_libsignal::crypto::aes_256_gcm_decrypt;
use waproto::whatsapp as wa;

use super::keys::CurveKeyPair;

const ALPHABET: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
const KEY_INFO: &[u8] = b"Pairing Information Encryption Key";

/// Why a step of the exchange failed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ShortcakeError {
    /// A part is missing or has another length.
    #[error("the companion's {0} cannot be read")]
    Malformed(&'static str),
    /// The nonce is not the one the companion had fixed before.
    #[error("the companion changed its nonce")]
    Commitment,
    /// The pairing request does not open.
    #[error("the companion's pairing request does not open")]
    Sealed,
}

/// What the companion fixes at the beginning.
pub(crate) struct Prologue {
    /// As it came: the commitment is made over these bytes.
    identity: Vec<u8>,
    public_key: [u8; 32],
    device_type: i32,
    /// The reference the server gave for this.
    pub(crate) reference: String,
    commitment: [u8; 32],
}

impl Prologue {
    /// Reads `<prologue_payload>`.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, ShortcakeError> {
        const WHAT: ShortcakeError = ShortcakeError::Malformed("prologue");
        let payload = wa::ProloguePayload::decode_from_slice(payload).map_err(|_| WHAT)?;
        let identity = payload.companion_ephemeral_identity.ok_or(WHAT)?;
        let said = wa::CompanionEphemeralIdentity::decode_from_slice(&identity).map_err(|_| WHAT)?;
        Ok(Self {
            public_key: array(said.public_key).ok_or(WHAT)?,
            device_type: said.device_type.ok_or(WHAT)?.to_i32(),
            reference: said.r#ref.ok_or(WHAT)?,
            commitment: array(payload.commitment.hash.clone()).ok_or(WHAT)?,
            identity,
        })
    }
}

/// The phone's half of an exchange.
pub(crate) struct PrimaryHalf {
    ephemeral: CurveKeyPair,
    nonce: [u8; 32],
}

/// What the companion says of itself in the end.
pub(crate) struct PairingRequest {
    pub(crate) noise_public: [u8; 32],
    pub(crate) identity_public: [u8; 32],
    pub(crate) adv_secret: [u8; 32],
}

impl PrimaryHalf {
    /// A fresh one.
    pub(crate) fn generate<R: CryptoRng>(rng: &mut R) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self { ephemeral: CurveKeyPair::generate(rng), nonce }
    }

    /// The content of `<primary_ephemeral_identity>`.
    pub(crate) fn identity(&self) -> Vec<u8> {
        wa::PrimaryEphemeralIdentity {
            public_key: Some(self.ephemeral.public.to_vec()),
            nonce: Some(self.nonce.to_vec()),
        }
        .encode_to_vec()
    }

    /// The code that both sides show, once the companion told the nonce it had fixed: `ABCD-1234`.
    pub(crate) fn code(&self, prologue: &Prologue, nonce: &[u8; 32]) -> Result<String, ShortcakeError> {
        let fixed = Sha256::new().chain_update(&prologue.identity).chain_update(nonce).finalize();
        if fixed.as_slice() != prologue.commitment {
            return Err(ShortcakeError::Commitment);
        }
        let digest = Sha256::new().chain_update(nonce).chain_update(self.ephemeral.public).finalize();
        let bits =
            digest.iter().zip(self.nonce).take(5).fold(0_u64, |bits, (a, b)| (bits << 8) | u64::from(a ^ b));
        let mut code: String = (0..8)
            .rev()
            .map(|place| {
                char::from(ALPHABET[usize::try_from((bits >> (5 * place)) & 31).expect("five bits")])
            })
            .collect();
        code.insert(4, '-');
        Ok(code)
    }

    /// Opens `<encrypted_pairing_request>`.
    pub(crate) fn open(&self, prologue: &Prologue, sealed: &[u8]) -> Result<PairingRequest, ShortcakeError> {
        const WHAT: ShortcakeError = ShortcakeError::Malformed("pairing request");
        let sealed = wa::EncryptedPairingRequest::decode_from_slice(sealed).map_err(|_| WHAT)?;
        let iv: [u8; 12] = sealed.iv.and_then(|iv| iv.try_into().ok()).ok_or(WHAT)?;
        let payload = sealed.encrypted_payload.ok_or(WHAT)?;
        let salt = format!("Companion Pairing {} with ref {}", prologue.device_type, prologue.reference);
        let shared = self.ephemeral.agree(&prologue.public_key);
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(salt.as_bytes()), &shared)
            .expand(KEY_INFO, &mut key)
            .expect("HKDF gives 32 bytes");
        let mut opened = Vec::with_capacity(payload.len());
        aes_256_gcm_decrypt(&key, &iv, b"", &payload, &mut opened).map_err(|_| ShortcakeError::Sealed)?;
        let request = wa::PairingRequest::decode_from_slice(&opened).map_err(|_| WHAT)?;
        Ok(PairingRequest {
            noise_public: array(request.companion_public_key).ok_or(WHAT)?,
            identity_public: array(request.companion_identity_key).ok_or(WHAT)?,
            adv_secret: array(request.adv_secret).ok_or(WHAT)?,
        })
    }
}

fn array(bytes: Option<Vec<u8>>) -> Option<[u8; 32]> {
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wa::device_props::PlatformType;
    use wacore::shortcake::ShortcakeUtils;

    #[test]
    fn the_clients_half_leads_to_the_same_code_and_the_same_secret() {
        let keys = ShortcakeUtils::generate_companion_ephemeral_keypair();
        let public: [u8; 32] = keys.public_key.public_key_bytes().try_into().unwrap();
        let nonce = [5; 32];
        let identity =
            ShortcakeUtils::build_companion_ephemeral_identity(&public, PlatformType::CHROME, "2@ref");
        let commitment = ShortcakeUtils::commitment_hash(&identity, &nonce);
        let payload = ShortcakeUtils::build_prologue_payload(&identity, &commitment);

        let prologue = Prologue::read(&payload).unwrap();
        assert_eq!(prologue.reference, "2@ref");
        let half = PrimaryHalf::generate(&mut rand::rng());
        let told = ShortcakeUtils::parse_primary_ephemeral_identity(&half.identity()).unwrap();
        let code = half.code(&prologue, &nonce).unwrap();
        assert_eq!(
            code.replace('-', ""),
            ShortcakeUtils::derive_verification_code(&nonce, &told.public_key, &told.nonce)
        );
        assert_eq!(half.code(&prologue, &[6; 32]).unwrap_err(), ShortcakeError::Commitment);

        let key =
            ShortcakeUtils::derive_encryption_key(&keys, &told.public_key, PlatformType::CHROME, "2@ref");
        let request = ShortcakeUtils::build_pairing_request(&[1; 32], &[2; 32], &[3; 32]);
        let sealed = ShortcakeUtils::encrypt_pairing_request(&request, &key.unwrap()).unwrap();
        let sealed = ShortcakeUtils::build_encrypted_pairing_request(&sealed);
        let opened = half.open(&prologue, &sealed).unwrap();
        assert_eq!(
            (opened.noise_public, opened.identity_public, opened.adv_secret),
            ([1; 32], [2; 32], [3; 32])
        );
        let other = PrimaryHalf::generate(&mut rand::rng());
        assert_eq!(other.open(&prologue, &sealed).err(), Some(ShortcakeError::Sealed));
        assert!(matches!(Prologue::read(b"\xff"), Err(ShortcakeError::Malformed(_))));
    }
}
