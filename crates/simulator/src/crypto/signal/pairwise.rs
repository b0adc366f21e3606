//! Messages between two devices.

use rand::CryptoRng;
use wacore_libsignal::protocol::{
    CiphertextMessage, DeviceId, PreKeyBundle as LibBundle, PreKeySignalMessage, SignalMessage, UsePQRatchet,
    message_decrypt, message_encrypt, process_prekey_bundle,
};

use super::message::{pad, unpad};
use super::store::{OneIdentity, OneSession, PreKeys, SignedPreKey, identity_key, peer, run};
use super::{EncKind, Encrypted, PhoneSignal, PreKeyBundle, SignalAddress, SignalChange, SignalError};
use crate::crypto::keys::{public_key, raw};

impl PhoneSignal {
    /// Whether a session with this device exists.
    pub(crate) fn has_session(&self, address: &SignalAddress) -> bool {
        self.sessions.contains_key(address)
    }

    /// Drops a session, as for a device that was unlinked.
    pub(crate) fn forget_session(&mut self, address: &SignalAddress) {
        if self.has_session(address) {
            self.change(SignalChange::Session(address.clone(), None));
        }
    }

    /// Pads and encrypts a plaintext (an encoded `Message`) for a device. With a bundle a new session is begun.
    pub(crate) fn encrypt_to<R: CryptoRng>(
        &mut self,
        address: &SignalAddress,
        plaintext: &[u8],
        bundle: Option<&PreKeyBundle>,
        rng: &mut R,
    ) -> Result<Encrypted, SignalError> {
        let (mut session, mut identity) = self.open(address)?;
        if let Some(bundle) = bundle {
            let bundle = library_bundle(bundle)?;
            let peer = peer();
            run(process_prekey_bundle(&peer, &mut session, &mut identity, &bundle, rng, UsePQRatchet::No))?;
        }
        let padded = pad(plaintext, rng);
        let encrypted = match run(message_encrypt(&padded, &peer(), &mut session, &mut identity))? {
            CiphertextMessage::PreKeySignalMessage(message) => {
                Encrypted { kind: EncKind::PreKey, bytes: message.serialized().to_vec() }
            }
            CiphertextMessage::SignalMessage(message) => {
                Encrypted { kind: EncKind::Message, bytes: message.serialized().to_vec() }
            }
            _ => return Err(SignalError::Undecryptable("it is of another kind")),
        };
        let shown = identity.peer.map(|key| raw(key.public_key()));
        self.keep(address, session, shown)?;
        Ok(encrypted)
    }

    /// Decrypts and unpads a message of a device.
    pub(crate) fn decrypt<R: CryptoRng>(
        &mut self,
        address: &SignalAddress,
        kind: EncKind,
        ciphertext: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let message = match kind {
            EncKind::PreKey => {
                CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(ciphertext)?)
            }
            EncKind::Message => CiphertextMessage::SignalMessage(SignalMessage::try_from(ciphertext)?),
        };
        let (mut session, mut identity) = self.open(address)?;
        let signed = SignedPreKey { id: self.signed_id, pair: &self.signed, signature: &self.signature };
        let decrypted = run(message_decrypt(
            &message,
            &peer(),
            &mut session,
            &mut identity,
            &mut PreKeys(&self.prekeys),
            &signed,
            rng,
            UsePQRatchet::No,
        ))?;
        let shown = identity.peer.map(|key| raw(key.public_key()));
        self.keep(address, session, shown)?;
        if let Some(id) = decrypted.consumed_prekey_id {
            self.change(SignalChange::PreKeyUsed(id.into()));
        }
        unpad(decrypted.plaintext)
    }

    fn open(&self, address: &SignalAddress) -> Result<(OneSession, OneIdentity<'_>), SignalError> {
        let session = OneSession::open(self.sessions.get(address).map(Vec::as_slice))?;
        let identity = OneIdentity {
            own: &self.identity,
            registration_id: self.registration_id,
            peer: self.identities.get(address).map(identity_key),
        };
        Ok((session, identity))
    }

    fn keep(
        &mut self,
        address: &SignalAddress,
        session: OneSession,
        shown: Option<[u8; 32]>,
    ) -> Result<(), SignalError> {
        let record = session.into_bytes()?;
        self.change(SignalChange::Session(address.clone(), Some(record)));
        if let Some(shown) = shown.filter(|shown| self.identities.get(address) != Some(shown)) {
            self.change(SignalChange::Identity(address.clone(), shown));
        }
        Ok(())
    }
}

fn library_bundle(bundle: &PreKeyBundle) -> Result<LibBundle, SignalError> {
    let one_time = bundle.one_time.map(|key| (key.id.into(), public_key(&key.public)));
    Ok(LibBundle::new(
        bundle.registration_id,
        DeviceId::new(0),
        one_time,
        bundle.signed.id.into(),
        public_key(&bundle.signed.public),
        bundle.signature.clone(),
        identity_key(&bundle.identity),
    )?)
}
