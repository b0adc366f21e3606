//! What the server is: its static key and the certificates that vouch for it.

use buffa::{Message, MessageField};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use waproto::whatsapp::cert_chain::NoiseCertificate;
use waproto::whatsapp::cert_chain::noise_certificate::Details;
use waproto::whatsapp::{self as wa};

use crate::crypto::keys::CurveKeyPair;

const DAY: u64 = 24 * 60 * 60;
const TEN_YEARS: u64 = 3653 * DAY;
/// Clients accept an intermediate certificate only if the root, serial 0, issued it.
const ROOT_SERIAL: u32 = 0;

/// The long-lived keys of a network and its certificate chain, made once and kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ServerIdentity {
    server: CurveKeyPair,
    root: CurveKeyPair,
    intermediate: CurveKeyPair,
    chain: Vec<u8>,
}

impl ServerIdentity {
    /// Makes keys and a chain valid from a day before `now` (Unix seconds) for ten years.
    pub(crate) fn generate<R: CryptoRng>(now: u64, rng: &mut R) -> Self {
        let [server, root, intermediate] = std::array::from_fn(|_| CurveKeyPair::generate(rng));
        let not_before = now.saturating_sub(DAY);
        let not_after = now + TEN_YEARS;
        let intermediate_serial = serial(rng);
        let details = |serial, issuer_serial, key: &CurveKeyPair| Details {
            serial: Some(serial),
            issuer_serial: Some(issuer_serial),
            key: Some(key.public.to_vec()),
            not_before: Some(not_before),
            not_after: Some(not_after),
        };
        let chain = wa::CertChain {
            intermediate: MessageField::some(certificate(
                &details(intermediate_serial, ROOT_SERIAL, &intermediate),
                &root,
                rng,
            )),
            leaf: MessageField::some(certificate(
                &details(serial(rng), intermediate_serial, &server),
                &intermediate,
                rng,
            )),
        };
        Self { server, root, intermediate, chain: chain.encode_to_vec() }
    }

    /// The static key clients may cache.
    pub(crate) fn static_public(&self) -> [u8; 32] {
        self.server.public
    }

    /// The key that signs the intermediate certificate.
    pub(crate) fn root_public(&self) -> [u8; 32] {
        self.root.public
    }

    /// The encoded `CertChain`.
    pub(crate) fn certificate_chain(&self) -> &[u8] {
        &self.chain
    }

    pub(super) fn static_private(&self) -> &[u8; 32] {
        self.server.private()
    }
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerIdentity")
            .field("static", &hex::encode(self.server.public))
            .field("root", &hex::encode(self.root.public))
            .field("intermediate", &hex::encode(self.intermediate.public))
            .finish_non_exhaustive()
    }
}

fn serial<R: CryptoRng>(rng: &mut R) -> u32 {
    // Never 0: that is the root's.
    rng.next_u32() | 1
}

fn certificate<R: CryptoRng>(details: &Details, issuer: &CurveKeyPair, rng: &mut R) -> NoiseCertificate {
    let details = details.encode_to_vec();
    let signature = issuer.sign(&[&details], rng).to_vec();
    NoiseCertificate { details: Some(details), signature: Some(signature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keys::verify;

    const NOW: u64 = 1_790_000_000;

    fn read(certificate: &NoiseCertificate) -> (Vec<u8>, Details, Vec<u8>) {
        let bytes = certificate.details.clone().unwrap();
        let details = Details::decode_from_slice(&bytes).unwrap();
        (bytes, details, certificate.signature.clone().unwrap())
    }

    #[test]
    fn the_chain_leads_from_the_root_to_the_static_key() {
        let identity = ServerIdentity::generate(NOW, &mut rand::rng());
        let chain = wa::CertChain::decode_from_slice(identity.certificate_chain()).unwrap();
        let (bytes, intermediate, signature) = read(&chain.intermediate);
        assert!(verify(&identity.root_public(), &[&bytes], &signature));
        assert_eq!(intermediate.issuer_serial, Some(0));
        let intermediate_key: [u8; 32] = intermediate.key.unwrap().try_into().unwrap();

        let (bytes, leaf, signature) = read(&chain.leaf);
        assert!(verify(&intermediate_key, &[&bytes], &signature));
        assert!(!verify(&identity.root_public(), &[&bytes], &signature));
        assert_eq!(leaf.issuer_serial, intermediate.serial);
        assert_eq!(leaf.key.as_deref(), Some(&identity.static_public()[..]));
        for details in [(intermediate.not_before, intermediate.not_after), (leaf.not_before, leaf.not_after)]
        {
            assert!(details.0.unwrap() < NOW && NOW < details.1.unwrap());
        }
    }

    #[test]
    fn a_kept_identity_is_the_same_identity() {
        let identity = ServerIdentity::generate(NOW, &mut rand::rng());
        let kept: ServerIdentity = postcard::from_bytes(&postcard::to_stdvec(&identity).unwrap()).unwrap();
        assert_eq!(kept.static_public(), identity.static_public());
        assert_eq!(kept.root_public(), identity.root_public());
        assert_eq!(kept.certificate_chain(), identity.certificate_chain());
        assert!(!format!("{identity:?}").contains(&hex::encode(identity.static_private())));
    }

    #[test]
    fn the_chain_is_not_whatsapps() {
        let identity = ServerIdentity::generate(NOW, &mut rand::rng());
        let refused = wacore_noise::HandshakeUtils::verify_server_cert(
            identity.certificate_chain(),
            &identity.static_public(),
        );
        assert!(refused.is_err(), "a client that trusts WhatsApp's root must refuse this network");
    }
}
