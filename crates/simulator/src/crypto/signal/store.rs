//! What libsignal sees during one operation: one session, one identity, one sender key. Nothing is kept until the caller
//! takes the result, so a failed operation changes nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::FutureExt;
use wacore_libsignal::protocol::error::Result;
use wacore_libsignal::protocol::{
    DeviceId, Direction, GenericSignedPreKey, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore,
    PreKeyId, PreKeyRecord, PreKeyStore, ProtocolAddress, SenderKeyName, SenderKeyRecord, SenderKeyStore,
    SessionRecord, SessionStore, SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore,
    Timestamp,
};

use crate::crypto::keys::{CurveKeyPair, public_key};

/// libsignal logs the address it works for; these stores hold one peer, so it needs no name.
pub(super) fn peer() -> ProtocolAddress {
    ProtocolAddress::new("peer", DeviceId::new(0))
}

/// See [`peer`].
pub(super) fn sender_key_name() -> SenderKeyName {
    SenderKeyName::from_parts("group", "author")
}

/// Runs an operation on stores in memory, which never wait.
pub(super) fn run<T>(operation: impl Future<Output = T>) -> T {
    operation.now_or_never().expect("stores in memory never wait")
}

/// One session. Changes are durable before a frame leaves, so counters need no lease.
pub(super) struct OneSession {
    record: Option<SessionRecord>,
}

impl OneSession {
    pub(super) fn open(bytes: Option<&[u8]>) -> Result<Self> {
        let record = bytes.map(SessionRecord::deserialize).transpose()?;
        Ok(Self { record })
    }

    /// The record as it is to be kept.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>> {
        self.record.ok_or_else(|| SignalProtocolError::SessionNotFound(peer()))?.serialize()
    }
}

#[async_trait]
impl SessionStore for OneSession {
    async fn load_session(&self, _: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(self.record.clone().map(|mut record| {
            record.waive_counter_lease();
            record
        }))
    }

    async fn has_session(&self, _: &ProtocolAddress) -> Result<bool> {
        Ok(self.record.is_some())
    }

    async fn store_session(&mut self, _: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.record = Some(record);
        Ok(())
    }
}

/// Our identity, and what the peer showed. Every identity is trusted, as a phone does that only notes a changed one.
pub(super) struct OneIdentity<'a> {
    pub(super) own: &'a CurveKeyPair,
    pub(super) registration_id: u32,
    pub(super) peer: Option<IdentityKey>,
}

#[async_trait]
impl IdentityKeyStore for OneIdentity<'_> {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        let pair = self.own.to_signal();
        Ok(IdentityKeyPair::new(pair.public_key.into(), pair.private_key))
    }

    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration_id)
    }

    async fn save_identity(&mut self, _: &ProtocolAddress, identity: &IdentityKey) -> Result<IdentityChange> {
        let replaced = self.peer.replace(*identity).is_some_and(|before| before != *identity);
        Ok(IdentityChange::from_changed(replaced))
    }

    async fn is_trusted_identity(&self, _: &ProtocolAddress, _: &IdentityKey, _: Direction) -> Result<bool> {
        Ok(true)
    }

    async fn get_identity(&self, _: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(self.peer)
    }
}

/// The one-time prekeys others were given. libsignal does not delete a used one; it tells which it was.
pub(super) struct PreKeys<'a>(pub(super) &'a BTreeMap<u32, CurveKeyPair>);

#[async_trait]
impl PreKeyStore for PreKeys<'_> {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        let pair = self.0.get(&u32::from(id)).ok_or(SignalProtocolError::InvalidPreKeyId)?;
        Ok(PreKeyRecord::new(id, &pair.to_signal()))
    }

    async fn save_pre_key(&mut self, _: PreKeyId, _: &PreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidPreKeyId)
    }

    async fn remove_pre_key(&mut self, _: PreKeyId) -> Result<()> {
        Ok(())
    }
}

/// The signed prekey.
pub(super) struct SignedPreKey<'a> {
    pub(super) id: u32,
    pub(super) pair: &'a CurveKeyPair,
    pub(super) signature: &'a [u8],
}

#[async_trait]
impl SignedPreKeyStore for SignedPreKey<'_> {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) != self.id {
            return Err(SignalProtocolError::InvalidSignedPreKeyId);
        }
        let made = Timestamp::from_epoch_millis(0);
        Ok(SignedPreKeyRecord::new(id, made, &self.pair.to_signal(), self.signature))
    }

    async fn save_signed_pre_key(&mut self, _: SignedPreKeyId, _: &SignedPreKeyRecord) -> Result<()> {
        Err(SignalProtocolError::InvalidSignedPreKeyId)
    }
}

/// One sender key, ours or another's.
pub(super) struct OneSenderKey {
    record: Option<SenderKeyRecord>,
}

impl OneSenderKey {
    pub(super) fn open(bytes: Option<&[u8]>) -> Result<Self> {
        let mut record = bytes.map(SenderKeyRecord::deserialize).transpose()?;
        if let Some(record) = &mut record {
            record.waive_counter_lease()?;
        }
        Ok(Self { record })
    }

    /// The record as it is to be kept.
    pub(super) fn into_bytes(self) -> Result<Vec<u8>> {
        self.record.ok_or(SignalProtocolError::InvalidSenderKeySession)?.serialize()
    }
}

#[async_trait]
impl SenderKeyStore for OneSenderKey {
    async fn store_sender_key(&mut self, _: &SenderKeyName, record: SenderKeyRecord) -> Result<()> {
        self.record = Some(record);
        Ok(())
    }

    async fn load_sender_key(&self, _: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        Ok(self.record.clone())
    }
}

/// A public key as an identity.
pub(super) fn identity_key(raw: &[u8; 32]) -> IdentityKey {
    IdentityKey::new(public_key(raw))
}
