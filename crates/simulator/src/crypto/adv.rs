//! Vouching for a companion (ADV): what the phone signs, and the check of what the companion signs back.

use rand::CryptoRng;

use super::keys::CurveKeyPair;

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
#[derive(Clone)]
pub(crate) struct LinkGrant {
    /// Encoded `ADVSignedDeviceIdentityHMAC`: the content of `<device-identity>` in pair-success.
    pub(crate) container: Vec<u8>,
    details: Vec<u8>,
    account_signature: [u8; 64],
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
    let _ = (account, companion_identity, adv_secret, terms, rng);
    todo!()
}

impl LinkGrant {
    /// Checks the content of `<pair-device-sign><device-identity>` and gives the full encoded
    /// `ADVSignedDeviceIdentity` (both signatures and the account key), as it is kept for the device.
    pub(crate) fn accept(&self, answer: &[u8]) -> Result<Vec<u8>, AdvError> {
        let _ = (
            answer,
            &self.details,
            &self.account_signature,
            &self.account_public,
            &self.companion_identity,
        );
        todo!()
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
    let _ = (account, raw_id, timestamp, current, valid, rng);
    todo!()
}
