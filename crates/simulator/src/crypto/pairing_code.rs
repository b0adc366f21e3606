//! The phone's side of linking by code. Each call with a code costs a PBKDF2 of 131,072 rounds or two (tens of
//! milliseconds): keep it off the async threads.

use rand::CryptoRng;

use super::keys::CurveKeyPair;

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
        let _ = typed;
        Ok(Self(String::new()))
    }
}

/// The phone's half of an exchange, kept until the companion finishes.
#[derive(Clone)]
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
) -> Result<([u8; 80], CodeExchange), CodeError> {
    let _ = (code, wrapped, rng);
    todo!()
}

impl CodeExchange {
    /// Opens `link_code_pairing_wrapped_key_bundle` and derives the ADV secret.
    pub(crate) fn open_bundle(
        &self,
        account: &CurveKeyPair,
        bundle: &[u8],
        companion_identity: &[u8; 32],
    ) -> Result<[u8; 32], CodeError> {
        let _ = (account, bundle, companion_identity, &self.ephemeral, &self.companion_ephemeral);
        todo!()
    }
}
