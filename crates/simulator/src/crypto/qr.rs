//! The text of a pairing QR: `ref,noise,identity,adv[,client]`, bare or behind `…#`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What a pairing QR says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PairingQr {
    /// The reference the server gave to the companion's connection.
    pub(crate) reference: String,
    /// The companion's Noise static key.
    pub(crate) noise_public: [u8; 32],
    /// The companion's identity key.
    pub(crate) identity_public: [u8; 32],
    /// The secret that proves to the companion that this QR was seen.
    pub(crate) adv_secret: [u8; 32],
    /// The companion's kind, where the text names it.
    pub(crate) client_type: Option<String>,
}

/// Why a text is no pairing QR.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum QrError {
    /// Not four or five fields.
    #[error("it has {0} fields; a pairing QR has four or five")]
    Fields(usize),
    /// The reference is empty.
    #[error("its reference is empty")]
    EmptyReference,
    /// A field is no standard base64 of 32 bytes.
    #[error("its {0} is not base64 of 32 bytes")]
    Key(&'static str),
}

impl PairingQr {
    /// Reads the text of a QR.
    pub(crate) fn parse(text: &str) -> Result<Self, QrError> {
        let text = text.trim();
        let payload = text.split_once('#').map_or(text, |(_, payload)| payload);
        let fields: Vec<&str> = payload.split(',').collect();
        let (&[reference, noise, identity, adv], client) = match fields.split_at_checked(4) {
            Some((fields, [])) => (fields.first_chunk().expect("split at four"), None),
            Some((fields, [client])) => (fields.first_chunk().expect("split at four"), Some(*client)),
            _ => return Err(QrError::Fields(fields.len())),
        };
        if reference.is_empty() {
            return Err(QrError::EmptyReference);
        }
        Ok(Self {
            reference: reference.to_owned(),
            noise_public: key(noise, "Noise key")?,
            identity_public: key(identity, "identity key")?,
            adv_secret: key(adv, "secret")?,
            client_type: client.map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for PairingQr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairingQr").field("client_type", &self.client_type).finish_non_exhaustive()
    }
}

fn key(field: &str, what: &'static str) -> Result<[u8; 32], QrError> {
    BASE64_STANDARD.decode(field).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(QrError::Key(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::companion_reg::CompanionWebClientType;
    use wacore::pair::{DeviceState, PairUtils};
    use wacore_libsignal::protocol::KeyPair;

    fn four_fields() -> String {
        let fields = [[1_u8; 32], [2; 32], [255; 32]].map(|bytes| BASE64_STANDARD.encode(bytes));
        format!("2@ref==,{}", fields.join(","))
    }

    #[test]
    fn four_fields_five_fields_and_the_url_form_say_the_same() {
        let bare = PairingQr::parse(&four_fields()).unwrap();
        assert_eq!(
            (bare.reference.as_str(), bare.noise_public, bare.adv_secret),
            ("2@ref==", [1; 32], [255; 32])
        );
        let five = format!("{},1", four_fields());
        let url = format!("https://wa.me/settings/linked_devices#{five}");
        let named = PairingQr { client_type: Some("1".to_owned()), ..bare };
        assert_eq!(PairingQr::parse(&five).unwrap(), named);
        assert_eq!(PairingQr::parse(&url).unwrap(), named);
        assert_eq!(PairingQr::parse(&format!(" {url}\n")).unwrap(), named);
    }

    #[test]
    fn the_clients_own_text_is_read() {
        let mut rng = rand::rng();
        let device = DeviceState {
            identity_key: KeyPair::generate(&mut rng),
            noise_key: KeyPair::generate(&mut rng),
            adv_secret_key: [42; 32],
        };
        let qr =
            PairingQr::parse(&PairUtils::make_qr_data(&device, "r", CompanionWebClientType::Chrome)).unwrap();
        assert_eq!(qr.noise_public, device.noise_key.public_key.public_key_bytes());
        assert_eq!(qr.identity_public, device.identity_key.public_key.public_key_bytes());
        assert_eq!(qr.adv_secret, [42; 32]);
        assert!(qr.client_type.is_some());
    }

    #[test]
    fn what_is_no_pairing_qr_is_refused_with_the_reason() {
        assert_eq!(PairingQr::parse(""), Err(QrError::Fields(1)));
        assert_eq!(PairingQr::parse(&format!("{},1,2", four_fields())), Err(QrError::Fields(6)));
        assert_eq!(PairingQr::parse(&four_fields()[7..]), Err(QrError::EmptyReference));
        let url_safe = four_fields().replace('/', "_");
        assert_eq!(PairingQr::parse(&url_safe), Err(QrError::Key("secret")));
        let unpadded = four_fields().trim_end_matches('=').to_owned();
        assert_eq!(PairingQr::parse(&unpadded), Err(QrError::Key("secret")));
        let short = four_fields().replacen(&BASE64_STANDARD.encode([1_u8; 32]), "AQ==", 1);
        assert_eq!(PairingQr::parse(&short), Err(QrError::Key("Noise key")));
    }

    #[test]
    fn printing_a_qr_shows_no_secret() {
        let qr = PairingQr::parse(&four_fields()).unwrap();
        let printed = format!("{qr:?}");
        assert!(!printed.contains("255") && !printed.contains("ref=="), "{printed}");
    }
}
