//! A passkey: the authenticator's half of WebAuthn on the phone, and the server's check of what it signs.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Whom WhatsApp's passkeys are for.
const RP_ID: &str = "web.whatsapp.com";
/// Where a browser has to be when it uses one.
const ORIGIN: &str = "https://web.whatsapp.com";
/// Somebody was there, and proved to be the owner.
const PRESENT_AND_VERIFIED: u8 = 0b101;
/// Hash of the relying party, flags, signature counter.
const AUTHENTICATOR_DATA: usize = 37;

/// A passkey of one phone: a P-256 key that never leaves it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Passkey {
    credential_id: [u8; 16],
    pkcs8: Vec<u8>,
}

/// Why a passkey was not used, or its assertion not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PasskeyError {
    /// The request options cannot be read.
    #[error("`options` are no WebAuthn request options: {0}")]
    Options(&'static str),
    /// Another passkey, or another site, is asked for.
    #[error("this phone has no passkey for what is asked: {0}")]
    NoCredential(&'static str),
    /// The assertion is not what this passkey signs.
    #[error("the assertion is refused: {0}")]
    Refused(&'static str),
}

impl Passkey {
    /// A fresh one.
    pub(crate) fn generate() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .expect("the system gives random bytes");
        Self { credential_id: rand::random(), pkcs8: pkcs8.as_ref().to_vec() }
    }

    fn pair(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8, &SystemRandom::new())
            .expect("the key was made here")
    }

    /// What the server asks a browser for: the JSON of `PublicKeyCredentialRequestOptions`.
    pub(crate) fn request_options(&self, challenge: &[u8; 32]) -> String {
        json!({
            "challenge": BASE64_URL.encode(challenge),
            "rpId": RP_ID,
            "allowCredentials": [{ "type": "public-key", "id": BASE64_URL.encode(self.credential_id) }],
            "userVerification": "required",
            "timeout": 180_000,
        })
        .to_string()
    }

    /// Signs what the options ask for, as a browser at WhatsApp's own site would write it.
    pub(crate) fn assert(&self, options: &Value) -> Result<Value, PasskeyError> {
        let challenge =
            options["challenge"].as_str().ok_or(PasskeyError::Options("`challenge` is missing"))?;
        if options.get("rpId").is_some_and(|rp| rp != RP_ID) {
            return Err(PasskeyError::NoCredential("`rpId` is another site"));
        }
        let own = BASE64_URL.encode(self.credential_id);
        let allowed = options["allowCredentials"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !allowed.is_empty() && allowed.iter().all(|credential| credential["id"] != own) {
            return Err(PasskeyError::NoCredential("`allowCredentials` names others"));
        }
        let client_data =
            json!({ "type": "webauthn.get", "challenge": challenge, "origin": ORIGIN, "crossOrigin": false });
        let client_data = client_data.to_string();
        let mut authenticator_data = Sha256::digest(RP_ID).to_vec();
        authenticator_data.push(PRESENT_AND_VERIFIED);
        authenticator_data.extend([0; 4]);
        let signed = [authenticator_data.as_slice(), Sha256::digest(&client_data).as_slice()].concat();
        let signature =
            self.pair().sign(&SystemRandom::new(), &signed).expect("the system gives random bytes");
        Ok(json!({
            "id": own,
            "rawId": own,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64_URL.encode(client_data),
                "authenticatorData": BASE64_URL.encode(authenticator_data),
                "signature": BASE64_URL.encode(signature),
                "userHandle": null,
            },
        }))
    }

    /// Checks an assertion as the relying party does.
    pub(crate) fn verify(
        &self,
        challenge: &[u8; 32],
        credential_id: &[u8],
        assertion: &[u8],
    ) -> Result<(), PasskeyError> {
        let refused = |why| Err(PasskeyError::Refused(why));
        let assertion: Value =
            serde_json::from_slice(assertion).map_err(|_| PasskeyError::Refused("it is no JSON"))?;
        if credential_id != self.credential_id || assertion["rawId"] != BASE64_URL.encode(self.credential_id)
        {
            return refused("it is another credential");
        }
        let client_data = part(&assertion, "clientDataJSON")?;
        let authenticator_data = part(&assertion, "authenticatorData")?;
        let signature = part(&assertion, "signature")?;
        let said: Value =
            serde_json::from_slice(&client_data).map_err(|_| PasskeyError::Refused("no client data"))?;
        if said["type"] != "webauthn.get" || said["challenge"] != BASE64_URL.encode(challenge) {
            return refused("it answers another challenge");
        }
        if said["origin"] != ORIGIN {
            return refused("it was made at another origin");
        }
        let (rp, rest) = authenticator_data.split_at_checked(32).ok_or(PasskeyError::Refused("too short"))?;
        if authenticator_data.len() < AUTHENTICATOR_DATA || rp != Sha256::digest(RP_ID).as_slice() {
            return refused("it is for another site");
        }
        if rest[0] & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED {
            return refused("nobody was verified");
        }
        let signed = [authenticator_data.as_slice(), Sha256::digest(&client_data).as_slice()].concat();
        let pair = self.pair();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref())
            .verify(&signed, &signature)
            .map_err(|_| PasskeyError::Refused("its signature is wrong"))
    }
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passkey").finish_non_exhaustive()
    }
}

fn part(assertion: &Value, name: &str) -> Result<Vec<u8>, PasskeyError> {
    let text = assertion["response"][name].as_str().unwrap_or_default();
    let bytes = BASE64_URL.decode(text.trim_end_matches('=')).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or(PasskeyError::Refused("a part of the response is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: [u8; 32] = [7; 32];

    #[test]
    fn what_the_passkey_signs_is_believed_and_nothing_else() {
        let passkey = Passkey::generate();
        let options: Value = serde_json::from_str(&passkey.request_options(&CHALLENGE)).unwrap();
        let assertion = passkey.assert(&options).unwrap();
        let check = |assertion: &Value, challenge: [u8; 32]| {
            passkey.verify(&challenge, &passkey.credential_id, assertion.to_string().as_bytes())
        };
        assert_eq!(check(&assertion, CHALLENGE), Ok(()));
        assert_eq!(check(&assertion, [8; 32]), Err(PasskeyError::Refused("it answers another challenge")));
        let mut forged = assertion.clone();
        let other = Passkey { credential_id: passkey.credential_id, ..Passkey::generate() };
        forged["response"]["signature"] = other.assert(&options).unwrap()["response"]["signature"].clone();
        assert_eq!(check(&forged, CHALLENGE), Err(PasskeyError::Refused("its signature is wrong")));
        let mut elsewhere = assertion.clone();
        let said = json!({ "type": "webauthn.get", "challenge": BASE64_URL.encode(CHALLENGE), "origin": "https://example.org" });
        elsewhere["response"]["clientDataJSON"] = BASE64_URL.encode(said.to_string()).into();
        assert_eq!(check(&elsewhere, CHALLENGE), Err(PasskeyError::Refused("it was made at another origin")));
        let stranger = Passkey::generate();
        assert!(matches!(stranger.assert(&options), Err(PasskeyError::NoCredential(_))));
        assert!(matches!(passkey.assert(&json!({})), Err(PasskeyError::Options(_))));
    }

    #[test]
    fn a_kept_passkey_is_the_same_one() {
        let passkey = Passkey::generate();
        let kept: Passkey = postcard::from_bytes(&postcard::to_stdvec(&passkey).unwrap()).unwrap();
        let options = serde_json::from_str(&passkey.request_options(&CHALLENGE)).unwrap();
        let assertion = kept.assert(&options).unwrap().to_string();
        assert_eq!(passkey.verify(&CHALLENGE, &kept.credential_id, assertion.as_bytes()), Ok(()));
    }
}
