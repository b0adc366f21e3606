//! App state: the phone's sync key, patches it writes, and patches companions upload.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use buffa::{Message, MessageField};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use wacore_appstate::hash::{HashState, generate_patch_mac};
use wacore_appstate::{ExpandedAppStateKeys, decode_record, encode_record, expand_app_state_keys};
use waproto::whatsapp::message::protocol_message::Type;
use waproto::whatsapp::message::{
    AppStateSyncKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
    AppStateSyncKeyShare, ProtocolMessage,
};
use waproto::whatsapp::sync_action_value::{LocaleSetting, PushNameSetting};
use waproto::whatsapp::syncd_mutation::SyncdOperation;
use waproto::whatsapp::{self as wa};

const HASH_BYTES: usize = 128;
const MAC_BYTES: usize = 32;

/// An app-state sync key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AppStateKey {
    /// The number of the device that made it (2 bytes, 0 for the phone) and an epoch (4 bytes).
    pub(crate) id: Vec<u8>,
    data: [u8; 32],
    raw_id: u32,
    timestamp: i64,
}

/// One collection as the server keeps it: `critical_block`, `critical_unblock_low`, `regular_high`, `regular_low`,
/// `regular`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Collection {
    /// 0: nothing was ever written.
    pub(crate) version: u64,
    /// Encoded `SyncdPatch`es with their version, oldest first: patch `n` is at `n - 1`.
    pub(crate) patches: Vec<Vec<u8>>,
    hash: Vec<u8>,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Default for Collection {
    fn default() -> Self {
        Self { version: 0, patches: Vec::new(), hash: vec![0; HASH_BYTES], values: BTreeMap::new() }
    }
}

/// A setting the phone writes.
#[derive(Clone, Debug)]
pub(crate) enum Setting {
    /// `setting_pushName`.
    PushName(String),
    /// `setting_locale`, e.g. `en_US`.
    Locale(String),
}

/// Why an uploaded patch was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum AppStateError {
    /// Not a `SyncdPatch`, or parts are missing.
    #[error("the patch cannot be read")]
    Malformed,
    /// It names a key the phone never shared.
    #[error("the patch names an unknown key")]
    UnknownKey,
    /// It was built on another version: the companion must fetch first.
    #[error("the patch was built on version {built_on}; the collection is at {current}")]
    Conflict {
        /// The version the companion knew.
        built_on: u64,
        /// The version there is.
        current: u64,
    },
    /// One of its MACs is wrong.
    #[error("the patch's {0} is wrong")]
    Mac(&'static str),
}

impl AppStateKey {
    /// A new key. `raw_id` is the phone's ADV id, `now` Unix milliseconds.
    pub(crate) fn generate<R: CryptoRng>(raw_id: u32, now: i64, rng: &mut R) -> Self {
        let mut id = vec![0; 2];
        id.extend_from_slice(&rng.next_u32().to_be_bytes());
        let mut data = [0; 32];
        rng.fill_bytes(&mut data);
        Self { id, data, raw_id, timestamp: now }
    }

    fn expand(&self) -> ExpandedAppStateKeys {
        expand_app_state_keys(&self.data)
    }

    fn shared(&self) -> AppStateSyncKey {
        let fingerprint = AppStateSyncKeyFingerprint {
            raw_id: Some(self.raw_id),
            current_index: Some(0),
            device_indexes: vec![0],
        };
        AppStateSyncKey {
            key_id: MessageField::some(AppStateSyncKeyId { key_id: Some(self.id.clone()) }),
            key_data: MessageField::some(AppStateSyncKeyData {
                key_data: Some(self.data.to_vec()),
                fingerprint: MessageField::some(fingerprint),
                timestamp: Some(self.timestamp),
            }),
        }
    }
}

impl std::fmt::Debug for AppStateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppStateKey").field("id", &hex::encode(&self.id)).finish_non_exhaustive()
    }
}

/// `protocolMessage APP_STATE_SYNC_KEY_SHARE` of these keys.
pub(crate) fn key_share(keys: &[AppStateKey]) -> wa::Message {
    let share = AppStateSyncKeyShare { keys: keys.iter().map(AppStateKey::shared).collect() };
    wa::Message {
        protocol_message: MessageField::some(ProtocolMessage {
            r#type: Some(Type::APP_STATE_SYNC_KEY_SHARE),
            app_state_sync_key_share: MessageField::some(share),
            ..Default::default()
        }),
        ..Default::default()
    }
}

impl Setting {
    fn index(&self) -> &'static [u8] {
        match self {
            Self::PushName(_) => br#"["setting_pushName"]"#,
            Self::Locale(_) => br#"["setting_locale"]"#,
        }
    }

    /// The schema version of the action.
    fn schema(&self) -> i32 {
        match self {
            Self::PushName(_) => 1,
            Self::Locale(_) => 3,
        }
    }

    fn value(&self, now: i64) -> wa::SyncActionValue {
        let mut value = wa::SyncActionValue { timestamp: Some(now), ..Default::default() };
        match self {
            Self::PushName(name) => {
                value.push_name_setting = MessageField::some(PushNameSetting { name: Some(name.clone()) });
            }
            Self::Locale(locale) => {
                value.locale_setting = MessageField::some(LocaleSetting { locale: Some(locale.clone()) });
            }
        }
        value
    }
}

impl Collection {
    /// The phone writes settings: one patch, the next version. `now` is Unix milliseconds.
    pub(crate) fn write<R: CryptoRng>(
        &mut self,
        name: &str,
        key: &AppStateKey,
        settings: &[Setting],
        now: i64,
        rng: &mut R,
    ) {
        let keys = key.expand();
        let mutations: Vec<wa::SyncdMutation> = settings
            .iter()
            .map(|setting| {
                let mut iv = [0; 16];
                rng.fill_bytes(&mut iv);
                let value = setting.value(now);
                encode_record(
                    SyncdOperation::SET,
                    setting.index(),
                    &value,
                    &keys,
                    &key.id,
                    &iv,
                    setting.schema(),
                )
                .0
            })
            .collect();
        let next = self.after(&mutations).expect("mutations written here are whole");
        let mut patch = wa::SyncdPatch {
            version: MessageField::some(wa::SyncdVersion { version: Some(next.version) }),
            mutations,
            snapshot_mac: Some(next.generate_snapshot_mac(name, &keys.snapshot_mac)),
            key_id: MessageField::some(wa::KeyId { id: Some(key.id.clone()) }),
            device_index: Some(0),
            ..Default::default()
        };
        patch.patch_mac = Some(generate_patch_mac(&patch, name, &keys.patch_mac, next.version));
        self.take(&next, &patch);
    }

    /// Checks and takes a companion's patch (content of `<patch>`) built on `built_on` (the collection's `version`
    /// attribute); gives the new version. The server numbers patches, so the kept patch carries its version.
    pub(crate) fn upload(
        &mut self,
        name: &str,
        keys: &[AppStateKey],
        built_on: u64,
        patch: &[u8],
    ) -> Result<u64, AppStateError> {
        let mut patch = wa::SyncdPatch::decode_from_slice(patch).map_err(|_| AppStateError::Malformed)?;
        if patch.external_mutations.is_set() {
            return Err(AppStateError::Malformed);
        }
        if built_on != self.version {
            return Err(AppStateError::Conflict { built_on, current: self.version });
        }
        let expanded = |id: Option<&[u8]>| {
            let id = id.ok_or(AppStateError::Malformed)?;
            keys.iter().find(|key| key.id == id).map(AppStateKey::expand).ok_or(AppStateError::UnknownKey)
        };
        let patch_keys = expanded(patch.key_id.id.as_deref())?;
        for mutation in &patch.mutations {
            check_mutation(mutation, &expanded)?;
        }
        let next = self.after(&patch.mutations).ok_or(AppStateError::Malformed)?;
        let mac = generate_patch_mac(&patch, name, &patch_keys.patch_mac, next.version);
        if patch.patch_mac.as_deref() != Some(&mac) {
            return Err(AppStateError::Mac("patch MAC"));
        }
        let mac = next.generate_snapshot_mac(name, &patch_keys.snapshot_mac);
        if patch.snapshot_mac.as_deref() != Some(&mac) {
            return Err(AppStateError::Mac("snapshot MAC"));
        }
        patch.version = MessageField::some(wa::SyncdVersion { version: Some(next.version) });
        self.take(&next, &patch);
        Ok(self.version)
    }

    /// The patches a companion at `version` lacks, oldest first.
    pub(crate) fn patches_after(&self, version: u64) -> &[Vec<u8>] {
        let known = usize::try_from(version).unwrap_or(usize::MAX).min(self.patches.len());
        &self.patches[known..]
    }

    /// The state one version on; `None` if a mutation lacks parts.
    fn after(&self, mutations: &[wa::SyncdMutation]) -> Option<HashState> {
        mutations.iter().all(|mutation| macs(mutation).is_some()).then_some(())?;
        let hash = self.hash.as_slice().try_into().expect("the hash has 128 bytes");
        let mut next = HashState { version: self.version, hash, ..Default::default() };
        let (_, done) = next.update_hash(mutations, |index, _| Ok(self.values.get(index).cloned()));
        done.ok()?;
        next.version += 1;
        Some(next)
    }

    fn take(&mut self, next: &HashState, patch: &wa::SyncdPatch) {
        for mutation in &patch.mutations {
            let Some((index, value)) = macs(mutation) else { continue };
            match operation(mutation) {
                Some(SyncdOperation::REMOVE) => self.values.remove(index),
                _ => self.values.insert(index.to_vec(), value.to_vec()),
            };
        }
        self.version = next.version;
        self.hash = next.hash.to_vec();
        self.patches.push(patch.encode_to_vec());
    }
}

fn operation(mutation: &wa::SyncdMutation) -> Option<SyncdOperation> {
    [SyncdOperation::SET, SyncdOperation::REMOVE]
        .into_iter()
        .find(|known| mutation.operation.as_ref().is_some_and(|operation| *operation == *known))
}

/// The MACs of a mutation's index and value.
fn macs(mutation: &wa::SyncdMutation) -> Option<(&[u8], &[u8])> {
    operation(mutation)?;
    let record = mutation.record.as_option()?;
    let index = record.index.blob.as_deref().filter(|index| index.len() == MAC_BYTES)?;
    let (_, value) = record.value.blob.as_deref()?.split_last_chunk::<MAC_BYTES>()?;
    Some((index, value))
}

fn check_mutation(
    mutation: &wa::SyncdMutation,
    keys: &impl Fn(Option<&[u8]>) -> Result<ExpandedAppStateKeys, AppStateError>,
) -> Result<(), AppStateError> {
    let operation = operation(mutation).ok_or(AppStateError::Malformed)?;
    let record = mutation.record.as_option().ok_or(AppStateError::Malformed)?;
    let id = record.key_id.id.as_deref();
    let expanded = keys(id)?;
    decode_record(operation, record, &expanded, id.unwrap_or_default(), true)
        .map(drop)
        .map_err(|_| AppStateError::Mac("mutation"))
}
