//! Vouching for a companion (ADV): what the phone signs, and the check of what the companion signs back.

use buffa::Message;
use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use waproto::whatsapp as wa;

use super::keys::{CurveKeyPair, verify};

const ACCOUNT_SIGNATURE: [u8; 2] = [6, 0];
const DEVICE_SIGNATURE: [u8; 2] = [6, 1];
const KEY_INDEX_LIST_SIGNATURE: [u8; 2] = [6, 2];

/// What the phone says about a companion it links.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkTerms {
    /// The phone's account-wide ADV id.
    pub(crate) raw_id: u32,
    /// The companion's key index, at least 1, never used twice by one phone.
    pub(crate) key_index: u32,
    /// Unix seconds.
    pub(crate) timestamp: u64,
}

/// A grant for one companion.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct LinkGrant {
    /// Encoded `ADVSignedDeviceIdentityHMAC`: the content of `<device-identity>` in pair-success.
    pub(crate) container: Vec<u8>,
    details: Vec<u8>,
    account_signature: Vec<u8>,
    account_public: [u8; 32],
    companion_identity: [u8; 32],
}

/// Why a companion's answer to a grant was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AdvError {
    /// Not an `ADVSignedDeviceIdentity`, or parts are missing.
    #[error("the companion's device identity cannot be read")]
    Malformed,
    /// It answers another grant.
    #[error("the companion changed what the phone signed")]
    Altered,
    /// The device signature is not the companion's.
    #[error("the companion's device signature is wrong")]
    Signature,
}

/// Signs a companion in. `adv_secret` comes from the QR or from the code exchange.
pub(crate) fn grant_link<R: CryptoRng>(
    account: &CurveKeyPair,
    companion_identity: &[u8; 32],
    adv_secret: &[u8; 32],
    terms: LinkTerms,
    rng: &mut R,
) -> LinkGrant {
    let details = wa::ADVDeviceIdentity {
        raw_id: Some(terms.raw_id),
        timestamp: Some(terms.timestamp),
        key_index: Some(terms.key_index),
        account_type: Some(wa::ADVEncryptionType::E2EE),
        device_type: Some(wa::ADVEncryptionType::E2EE),
    }
    .encode_to_vec();
    let account_signature = account.sign(&[&ACCOUNT_SIGNATURE, &details, companion_identity], rng).to_vec();
    let signed = wa::ADVSignedDeviceIdentity {
        details: Some(details.clone()),
        account_signature_key: Some(account.public.to_vec()),
        account_signature: Some(account_signature.clone()),
        device_signature: None,
    }
    .encode_to_vec();
    let mut mac = Hmac::<Sha256>::new_from_slice(adv_secret).expect("HMAC takes keys of any length");
    mac.update(&signed);
    let container = wa::ADVSignedDeviceIdentityHMAC {
        details: Some(signed),
        hmac: Some(mac.finalize().into_bytes().to_vec()),
        account_type: None,
    }
    .encode_to_vec();
    LinkGrant {
        container,
        details,
        account_signature,
        account_public: account.public,
        companion_identity: *companion_identity,
    }
}

impl LinkGrant {
    /// Checks the content of `<pair-device-sign><device-identity>` and gives the full encoded
    /// `ADVSignedDeviceIdentity` (both signatures and the account key), as it is kept for the device.
    pub(crate) fn accept(&self, answer: &[u8]) -> Result<Vec<u8>, AdvError> {
        let answer =
            wa::ADVSignedDeviceIdentity::decode_from_slice(answer).map_err(|_| AdvError::Malformed)?;
        let device_signature = answer.device_signature.ok_or(AdvError::Malformed)?;
        if answer.details.as_deref() != Some(&self.details)
            || answer.account_signature.as_deref() != Some(&self.account_signature)
        {
            return Err(AdvError::Altered);
        }
        let signed: [&[u8]; 4] =
            [&DEVICE_SIGNATURE, &self.details, &self.companion_identity, &self.account_public];
        if !verify(&self.companion_identity, &signed, &device_signature) {
            return Err(AdvError::Signature);
        }
        Ok(wa::ADVSignedDeviceIdentity {
            details: answer.details,
            account_signature_key: Some(self.account_public.to_vec()),
            account_signature: answer.account_signature,
            device_signature: Some(device_signature),
        }
        .encode_to_vec())
    }
}

impl std::fmt::Debug for LinkGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkGrant").finish_non_exhaustive()
    }
}

/// Encoded `ADVSignedKeyIndexList`: the content of `<key-index-list>`. `valid` are the key indexes of the companions that
/// are linked now, `current` the highest ever given.
pub(crate) fn signed_key_index_list<R: CryptoRng>(
    account: &CurveKeyPair,
    raw_id: u32,
    timestamp: u64,
    current: u32,
    valid: &[u32],
    rng: &mut R,
) -> Vec<u8> {
    let details = wa::ADVKeyIndexList {
        raw_id: Some(raw_id),
        timestamp: Some(timestamp),
        current_index: Some(current),
        valid_indexes: valid.to_vec(),
        account_type: Some(wa::ADVEncryptionType::E2EE),
    }
    .encode_to_vec();
    let signature = account.sign(&[&KEY_INDEX_LIST_SIGNATURE, &details], rng).to_vec();
    wa::ADVSignedKeyIndexList {
        details: Some(details),
        account_signature: Some(signature),
        account_signature_key: None,
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::adv::{AdvValidation, decode_key_index_list, validate_adv_with_identity_key};
    use wacore::pair::{DeviceState, PairUtils};

    const TERMS: LinkTerms = LinkTerms { raw_id: 77, key_index: 2, timestamp: 1_790_000_000 };
    const SECRET: [u8; 32] = [8; 32];

    struct Pairing {
        companion: CurveKeyPair,
        device: DeviceState,
        grant: LinkGrant,
    }

    fn pairing() -> Pairing {
        let mut rng = rand::rng();
        let [account, companion] = std::array::from_fn(|_| CurveKeyPair::generate(&mut rng));
        let grant = grant_link(&account, &companion.public, &SECRET, TERMS, &mut rng);
        let device = DeviceState {
            identity_key: companion.to_signal(),
            noise_key: companion.to_signal(),
            adv_secret_key: SECRET,
        };
        Pairing { companion, device, grant }
    }

    #[test]
    fn the_client_accepts_the_grant_and_its_answer_is_accepted() {
        let Pairing { companion, device, grant } = pairing();
        let (answer, key_index) = PairUtils::do_pair_crypto(&device, &grant.container).unwrap();
        assert_eq!(key_index, 2);
        let kept = grant.accept(&answer).unwrap();
        assert_eq!(validate_adv_with_identity_key(&kept, &companion.public, None), AdvValidation::Valid);
        assert_eq!(validate_adv_with_identity_key(&kept, &[3; 32], None), AdvValidation::Invalid);
    }

    #[test]
    fn another_secret_or_another_identity_makes_the_client_refuse() {
        let Pairing { mut device, grant, .. } = pairing();
        device.adv_secret_key = [9; 32];
        assert_eq!(PairUtils::do_pair_crypto(&device, &grant.container).unwrap_err().text, "hmac-mismatch");
        device.adv_secret_key = SECRET;
        device.identity_key = CurveKeyPair::generate(&mut rand::rng()).to_signal();
        assert!(PairUtils::do_pair_crypto(&device, &grant.container).is_err());
    }

    #[test]
    fn a_changed_or_foreign_answer_is_refused() {
        let Pairing { device, grant, .. } = pairing();
        let (answer, _) = PairUtils::do_pair_crypto(&device, &grant.container).unwrap();
        let change = |edit: fn(&mut wa::ADVSignedDeviceIdentity)| {
            let mut message = wa::ADVSignedDeviceIdentity::decode_from_slice(&answer).unwrap();
            edit(&mut message);
            grant.accept(&message.encode_to_vec()).unwrap_err()
        };
        assert_eq!(change(|a| a.device_signature.as_mut().unwrap()[5] ^= 1), AdvError::Signature);
        assert_eq!(change(|a| a.details.as_mut().unwrap()[1] ^= 1), AdvError::Altered);
        assert_eq!(change(|a| a.account_signature = None), AdvError::Altered);
        assert_eq!(change(|a| a.device_signature = None), AdvError::Malformed);
        assert_eq!(grant.accept(b"\xff"), Err(AdvError::Malformed));
        assert_eq!(pairing().grant.accept(&answer), Err(AdvError::Altered));
    }

    #[test]
    fn the_key_index_list_is_signed_and_readable() {
        let mut rng = rand::rng();
        let account = CurveKeyPair::generate(&mut rng);
        let list = signed_key_index_list(&account, 77, 12, 5, &[2, 5], &mut rng);
        let read = decode_key_index_list(&list).unwrap();
        assert_eq!((read.raw_id, read.timestamp, read.current_index), (77, 12, 5));
        assert_eq!(read.valid_indexes, [2, 5]);
        let signed = wa::ADVSignedKeyIndexList::decode_from_slice(&list).unwrap();
        let details = signed.details.unwrap();
        assert!(verify(&account.public, &[&[6, 2], &details], &signed.account_signature.unwrap()));
    }
}
