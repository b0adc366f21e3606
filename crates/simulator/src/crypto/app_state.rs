//! App state: the phone's sync key, patches it writes, and patches companions upload.

use std::collections::BTreeMap;

use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use waproto::whatsapp as wa;

/// An app-state sync key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AppStateKey {
    /// 6 bytes.
    pub(crate) id: Vec<u8>,
    data: [u8; 32],
    raw_id: u32,
    current_index: u32,
    device_indexes: Vec<u32>,
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
        Self { version: 0, patches: Vec::new(), hash: vec![0; 128], values: BTreeMap::new() }
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
        let _ = (raw_id, now, rng);
        todo!()
    }
}

/// `protocolMessage APP_STATE_SYNC_KEY_SHARE` of these keys.
pub(crate) fn key_share(keys: &[AppStateKey]) -> wa::Message {
    let _ = (keys, keys.first().map(|k| (&k.data, k.raw_id, k.current_index, &k.device_indexes, k.timestamp)));
    todo!()
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
        let _ = (name, key, settings, now, rng, &self.hash, &self.values);
        todo!()
    }

    /// Checks and takes a companion's patch (content of `<patch>`) built on `built_on` (the collection's `version`
    /// attribute); gives the new version.
    pub(crate) fn upload(
        &mut self,
        name: &str,
        keys: &[AppStateKey],
        built_on: u64,
        patch: &[u8],
    ) -> Result<u64, AppStateError> {
        let _ = (name, keys, built_on, patch);
        todo!()
    }

    /// The patches a companion at `version` lacks, oldest first.
    pub(crate) fn patches_after(&self, version: u64) -> &[Vec<u8>] {
        let _ = version;
        todo!()
    }
}
