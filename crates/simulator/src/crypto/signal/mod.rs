//! A phone's Signal state: identity, prekeys, sessions and sender keys.
//!
//! Every change is collected and taken with [`PhoneSignal::take_changes`], so that the caller can journal a ratchet step
//! before its frame leaves, and replay it with [`PhoneSignal::apply`].

mod group;
mod message;
mod pairwise;
mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use wacore_binary::Jid;
use wacore_libsignal::protocol::SignalProtocolError;

use super::keys::CurveKeyPair;

pub(crate) use message::wrap_device_sent;

/// One-time prekeys that were given out and not used yet; older ones are forgotten.
const MAX_PREKEYS: usize = 4_000;
/// Ids are written in three bytes, and 0 is none.
const LAST_PREKEY_ID: u32 = 0xFF_FFFF;
/// The type byte of a Curve25519 key: a signed prekey's signature covers it.
const KEY_TYPE: [u8; 1] = [5];

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

impl std::fmt::Debug for SignalAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignalAddress(…)")
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignalError {
    /// There is no session with this device; a bundle is needed.
    #[error("no session with this device")]
    NoSession,
    /// There is no sender key of this author in this group.
    #[error("no sender key of this author in this group")]
    NoSenderKey,
    /// No group has a name this long.
    #[error("the group's name is longer than any")]
    GroupName,
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
    Undecryptable(&'static str),
    /// The plaintext is not padded as it must be.
    #[error("the plaintext's padding is wrong")]
    Padding,
}

impl From<SignalProtocolError> for SignalError {
    /// Drops whatever text libsignal adds: it may name addresses and keys.
    fn from(error: SignalProtocolError) -> Self {
        match error {
            SignalProtocolError::SessionNotFound(_) => Self::NoSession,
            SignalProtocolError::NoSenderKeyState(_) => Self::NoSenderKey,
            SignalProtocolError::SignatureValidationFailed => Self::BundleSignature,
            SignalProtocolError::InvalidPreKeyId | SignalProtocolError::InvalidSignedPreKeyId => {
                Self::UnknownPreKey
            }
            SignalProtocolError::DuplicatedMessage(..) => Self::Duplicate,
            SignalProtocolError::BadMac(_) => Self::Undecryptable("its MAC is wrong"),
            SignalProtocolError::InvalidMessage(_, why) => Self::Undecryptable(why),
            _ => Self::Undecryptable("it is malformed, or its session is damaged"),
        }
    }
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
    /// A one-time prekey was used, or forgotten.
    PreKeyUsed(u32),
    /// A sender key's newest record, by group and author.
    SenderKey(String, Vec<u8>),
}

/// An encrypted message for one device.
#[derive(Clone, Debug)]
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
        let [identity, signed] = std::array::from_fn(|_| CurveKeyPair::generate(rng));
        let signature = identity.sign(&[&KEY_TYPE, &signed.public], rng).to_vec();
        Self {
            identity,
            // 14 bits, never 0.
            registration_id: 1 + (rng.next_u32() & 0x3FFF) % 0x3FFF,
            signed_id: 1,
            signed,
            signature,
            next_prekey: 1,
            prekeys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            identities: BTreeMap::new(),
            sender_keys: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// The account's identity: also signs companions in.
    pub(crate) fn identity(&self) -> &CurveKeyPair {
        &self.identity
    }

    /// A bundle for someone who asked for the phone's (device 0's) prekeys. With `one_time`, a fresh one-time prekey is
    /// made, remembered until used, and collected as a change.
    pub(crate) fn issue_bundle<R: CryptoRng>(&mut self, one_time: bool, rng: &mut R) -> PreKeyBundle {
        let one_time = one_time.then(|| {
            let (id, pair) = (self.next_prekey, CurveKeyPair::generate(rng));
            let public = pair.public;
            if self.prekeys.len() >= MAX_PREKEYS
                && let Some((&oldest, _)) = self.prekeys.first_key_value()
            {
                self.change(SignalChange::PreKeyUsed(oldest));
            }
            self.change(SignalChange::PreKeyIssued(id, pair));
            PublicPreKey { id, public }
        });
        PreKeyBundle {
            registration_id: self.registration_id,
            identity: self.identity.public,
            signed: PublicPreKey { id: self.signed_id, public: self.signed.public },
            signature: self.signature.clone(),
            one_time,
        }
    }

    /// The changes since the last call, oldest first.
    pub(crate) fn take_changes(&mut self) -> Vec<SignalChange> {
        std::mem::take(&mut self.changes)
    }

    /// Replays a journaled change.
    pub(crate) fn apply(&mut self, change: SignalChange) {
        match change {
            SignalChange::Session(address, Some(record)) => drop(self.sessions.insert(address, record)),
            SignalChange::Session(address, None) => drop(self.sessions.remove(&address)),
            SignalChange::Identity(address, identity) => drop(self.identities.insert(address, identity)),
            SignalChange::PreKeyIssued(id, pair) => {
                self.prekeys.insert(id, pair);
                self.next_prekey = if id >= LAST_PREKEY_ID { 1 } else { id + 1 };
            }
            SignalChange::PreKeyUsed(id) => drop(self.prekeys.remove(&id)),
            SignalChange::SenderKey(name, record) => drop(self.sender_keys.insert(name, record)),
        }
    }

    fn change(&mut self, change: SignalChange) {
        self.apply(change.clone());
        self.changes.push(change);
    }
}

impl std::fmt::Debug for PhoneSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneSignal")
            .field("sessions", &self.sessions.len())
            .field("prekeys", &self.prekeys.len())
            .finish_non_exhaustive()
    }
}
