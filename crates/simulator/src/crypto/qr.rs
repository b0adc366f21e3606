//! The text of a pairing QR: `ref,noise,identity,adv[,client]`, bare or behind `…#`.

/// What a pairing QR says.
#[derive(Clone)]
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
        let _ = text;
        todo!()
    }
}
