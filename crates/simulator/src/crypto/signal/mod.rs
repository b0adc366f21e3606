//! A phone's Signal state: identity, prekeys, sessions and sender keys.
//!
//! Every change is collected and taken with [`PhoneSignal::take_changes`], so that the caller can journal a ratchet step
//! before its frame leaves, and replay it with [`PhoneSignal::apply`].

mod message;

use std::collections::BTreeMap;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use wacore_binary::Jid;

use super::keys::CurveKeyPair;

pub(crate) use message::wrap_device_sent;

/// Whom a session is with: one device of one person, under one of their addresses. PN and LID are different sessions;
/// a caller that wants one session per person picks one form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SignalAddress(String);

impl SignalAddress {
    /// The address of a device.
    pub(crate) fn of(jid: &Jid) -> Self {
        Self(jid.to_string())
    }
}

/// `type` of an `<enc>` between two devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EncKind {
    /// `pkmsg`: begins a session.
    PreKey,
    /// `msg`: within a session.
    Message,
}

impl EncKind {
    /// As the attribute is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PreKey => "pkmsg",
            Self::Message => "msg",
        }
    }

    /// From the attribute; `None` for another kind.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "pkmsg" => Some(Self::PreKey),
            "msg" => Some(Self::Message),
            _ => None,
        }
    }
}

/// A public key with its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicPreKey {
    /// At most 24 bits.
    pub(crate) id: u32,
    /// Without a type byte.
    pub(crate) public: [u8; 32],
}

/// What a device publishes so that others can write to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PreKeyBundle {
    /// The device's registration id.
    pub(crate) registration_id: u32,
    /// Its identity key, without a type byte.
    pub(crate) identity: [u8; 32],
    /// Its signed prekey.
    pub(crate) signed: PublicPreKey,
    /// XEdDSA of the identity over `05 ‖ signed.public`, 64 bytes.
    pub(crate) signature: Vec<u8>,
    /// A one-time prekey, if any was left.
    pub(crate) one_time: Option<PublicPreKey>,
}

/// Why something could not be encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignalError {
    /// There is no session with this device; a bundle is needed.
    #[error("no session with this device")]
    NoSession,
    /// A key of the bundle is no Curve25519 key.
    #[error("the device's prekey bundle is malformed")]
    Bundle,
    /// The signed prekey is not signed by the identity.
    #[error("the device's signed prekey has a wrong signature")]
    BundleSignature,
    /// The prekey a message names is unknown or used up.
    #[error("the message names a prekey that is not there")]
    UnknownPreKey,
    /// This message was decrypted before.
    #[error("the message was decrypted before")]
    Duplicate,
    /// The message does not decrypt.
    #[error("the message does not decrypt: {0}")]
    Undecryptable(String),
    /// The plaintext is not padded as it must be.
    #[error("the plaintext's padding is wrong")]
    Padding,
}

/// One changed record. Applied in order to the state before, it gives the state after.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum SignalChange {
    /// A session's newest record; `None`: forgotten.
    Session(SignalAddress, Option<Vec<u8>>),
    /// The identity a device last showed.
    Identity(SignalAddress, [u8; 32]),
    /// A one-time prekey was issued.
    PreKeyIssued(u32, CurveKeyPair),
    /// A one-time prekey was used.
    PreKeyUsed(u32),
    /// A sender key's newest record, by `group::author`.
    SenderKey(String, Vec<u8>),
}

/// An encrypted message for one device.
pub(crate) struct Encrypted {
    /// `type` of the `<enc>`.
    pub(crate) kind: EncKind,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// A phone's Signal state. Serialisable as a snapshot.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PhoneSignal {
    identity: CurveKeyPair,
    registration_id: u32,
    signed_id: u32,
    signed: CurveKeyPair,
    signature: Vec<u8>,
    next_prekey: u32,
    prekeys: BTreeMap<u32, CurveKeyPair>,
    sessions: BTreeMap<SignalAddress, Vec<u8>>,
    identities: BTreeMap<SignalAddress, [u8; 32]>,
    sender_keys: BTreeMap<String, Vec<u8>>,
    #[serde(skip)]
    changes: Vec<SignalChange>,
}

impl PhoneSignal {
    /// A new phone's keys.
    pub(crate) fn generate<R: CryptoRng>(rng: &mut R) -> Self {
        let _ = rng;
        todo!()
    }

    /// The account's identity: also signs companions in.
    pub(crate) fn identity(&self) -> &CurveKeyPair {
        &self.identity
    }

    /// The phone's registration id.
    pub(crate) fn registration_id(&self) -> u32 {
        self.registration_id
    }

    /// A bundle for someone who asked for the phone's (device 0's) prekeys. With `one_time`, a fresh one-time prekey is
    /// made, remembered until used, and collected as a change.
    pub(crate) fn issue_bundle<R: CryptoRng>(&mut self, one_time: bool, rng: &mut R) -> PreKeyBundle {
        let _ = (one_time, rng, self.signed_id, &self.signed, &self.signature, self.next_prekey, &self.prekeys);
        todo!()
    }

    /// Whether a session with this device exists.
    pub(crate) fn has_session(&self, address: &SignalAddress) -> bool {
        let _ = &self.identities;
        self.sessions.contains_key(address)
    }

    /// Drops a session, as for a device that was unlinked.
    pub(crate) fn forget_session(&mut self, address: &SignalAddress) {
        let _ = address;
        todo!()
    }

    /// Pads and encrypts a plaintext (an encoded `Message`) for a device. With a bundle a new session is begun.
    pub(crate) fn encrypt_to<R: CryptoRng>(
        &mut self,
        address: &SignalAddress,
        plaintext: &[u8],
        bundle: Option<&PreKeyBundle>,
        rng: &mut R,
    ) -> Result<Encrypted, SignalError> {
        let _ = (address, plaintext, bundle, rng);
        todo!()
    }

    /// Decrypts and unpads a message of a device.
    pub(crate) fn decrypt<R: CryptoRng>(
        &mut self,
        address: &SignalAddress,
        kind: EncKind,
        ciphertext: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let _ = (address, kind, ciphertext, rng);
        todo!()
    }

    /// The encoded `SenderKeyDistributionMessage` of our key in a group (made on first use). `me` is our address in the
    /// group's mode.
    pub(crate) fn sender_key_distribution<R: CryptoRng>(
        &mut self,
        group: &Jid,
        me: &SignalAddress,
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let _ = (group, me, rng, &self.sender_keys);
        todo!()
    }

    /// Takes another's sender key (`axolotl_sender_key_distribution_message`).
    pub(crate) fn accept_sender_key(
        &mut self,
        group: &Jid,
        author: &SignalAddress,
        distribution: &[u8],
    ) -> Result<(), SignalError> {
        let _ = (group, author, distribution);
        todo!()
    }

    /// Pads and encrypts for a group (`skmsg`).
    pub(crate) fn encrypt_to_group<R: CryptoRng>(
        &mut self,
        group: &Jid,
        me: &SignalAddress,
        plaintext: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, SignalError> {
        let _ = (group, me, plaintext, rng);
        todo!()
    }

    /// Decrypts and unpads an `skmsg`.
    pub(crate) fn decrypt_from_group(
        &mut self,
        group: &Jid,
        author: &SignalAddress,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, SignalError> {
        let _ = (group, author, ciphertext);
        todo!()
    }

    /// The changes since the last call, oldest first.
    pub(crate) fn take_changes(&mut self) -> Vec<SignalChange> {
        std::mem::take(&mut self.changes)
    }

    /// Replays a journaled change.
    pub(crate) fn apply(&mut self, change: SignalChange) {
        let _ = change;
        todo!()
    }
}
