//! Linking: the QR and the pairing code as values, and what is asked and answered.

use crate::address::PhoneNumber;
use crate::clock::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How a phone is joined to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkMethod {
    /// Someone scans a QR.
    Qr,
    /// Someone types an eight-character code on the phone.
    Code,
}

/// One pairing payload. Images are drawings of it; it is a secret while it lives.
#[derive(Clone, Debug)]
pub struct Qr {
    /// Counts the QRs of a session from 1, over all rounds.
    pub seq: u64,
    /// Counts the rounds of a session from 1; a round is the QRs of one connection.
    pub round: u64,
    /// The raw text to draw.
    pub payload: SecretString,
    /// When the network gave it.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Qr {
    /// The link form that opens WhatsApp's linked-devices screen. A payload that already is a link stays as it is.
    pub fn uri(&self) -> SecretString {
        let payload = self.payload.expose_secret();
        if payload.starts_with("https://") {
            return self.payload.clone();
        }
        format!("https://wa.me/settings/linked_devices#{payload}").into()
    }
}

/// A code to type on the phone.
#[derive(Clone, Debug)]
pub struct PairingCode {
    /// Counts the codes of a session from 1; a renewal over a lost connection keeps it.
    pub seq: u64,
    /// Eight characters of `1-9A-HJ-NP-TV-Z`, see [`CODE_ALPHABET`].
    pub code: SecretString,
    /// The number it was issued for.
    pub phone: PhoneNumber,
    /// When the network accepted it.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl PairingCode {
    /// The form for people: `ABCD-1234`.
    pub fn display(&self) -> SecretString {
        let code = self.code.expose_secret();
        let middle = code.len() / 2;
        match (code.get(..middle), code.get(middle..)) {
            (Some(left), Some(right)) => format!("{left}-{right}").into(),
            _ => self.code.clone(),
        }
    }
}

/// Characters a pairing code may have: no `0`, `I`, `O` or `U`.
pub const CODE_ALPHABET: &str = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// Eight characters of [`CODE_ALPHABET`], upper-cased, a dash in the middle allowed.
pub fn parse_custom_code(text: &str) -> Option<String> {
    let code: String = text.trim().chars().filter(|c| *c != '-').map(|c| c.to_ascii_uppercase()).collect();
    (code.chars().count() == 8 && code.chars().all(|c| CODE_ALPHABET.contains(c))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_codes_have_eight_known_characters() {
        assert_eq!(parse_custom_code("abcd-1234").as_deref(), Some("ABCD1234"));
        for bad in ["", "ABCD123", "ABCD12345", "ABCD-123O", "ABCD-1230", "ABCDI234"] {
            assert_eq!(parse_custom_code(bad), None, "{bad}");
        }
    }
}
