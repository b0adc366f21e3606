use super::*;
use std::sync::Arc;
use wacore_appstate::process_patch;

const NAME: &str = "critical_block";
const NOW: i64 = 1_790_000_000_000;

fn key() -> AppStateKey {
    AppStateKey::generate(77, NOW, &mut rand::rng())
}

fn written(key: &AppStateKey) -> Collection {
    let mut collection = Collection::default();
    let settings = [Setting::PushName("Ana".to_owned()), Setting::Locale("pt_BR".to_owned())];
    collection.write(NAME, key, &settings, NOW, &mut rand::rng());
    collection
}

/// A client's copy: applies patches with every MAC checked.
#[derive(Default)]
struct Client {
    state: HashState,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Client {
    fn apply(&mut self, key: &AppStateKey, patch: &[u8]) -> Vec<wacore_appstate::Mutation> {
        let patch = wa::SyncdPatch::decode_from_slice(patch).unwrap();
        let values = self.values.clone();
        let done = process_patch(
            &patch,
            &mut self.state,
            |id| {
                assert_eq!(id, key.id);
                Ok(Arc::new(key.expand()))
            },
            |index| Ok(values.get(index).cloned()),
            true,
            NAME,
        )
        .unwrap();
        assert!(!self.state.mac_mismatch_fatal, "the snapshot MAC differs");
        self.values.extend(done.added_macs.into_iter().map(|mac| (mac.index_mac, mac.value_mac)));
        done.mutations
    }

    /// What a client uploads: the mutations without a version.
    fn patch(&self, key: &AppStateKey, setting: &Setting) -> wa::SyncdPatch {
        let mut twin = Collection {
            version: self.state.version,
            patches: Vec::new(),
            hash: self.state.hash.to_vec(),
            values: self.values.clone(),
        };
        twin.write(NAME, key, std::slice::from_ref(setting), NOW, &mut rand::rng());
        let mut patch = wa::SyncdPatch::decode_from_slice(&twin.patches[0]).unwrap();
        patch.version = MessageField::none();
        patch
    }
}

#[test]
fn the_client_accepts_the_first_patch_with_every_mac_checked() {
    let key = key();
    let collection = written(&key);
    assert_eq!((collection.version, collection.patches.len()), (1, 1));
    let mutations = Client::default().apply(&key, &collection.patches[0]);
    assert_eq!(mutations[0].index, ["setting_pushName"]);
    let value = mutations[0].action_value.as_ref().unwrap();
    assert_eq!(value.push_name_setting.name.as_deref(), Some("Ana"));
    assert_eq!(value.timestamp, Some(NOW));
    assert_eq!(mutations[1].index, ["setting_locale"]);
}

#[test]
fn a_later_write_replaces_the_value_and_the_client_follows() {
    let key = key();
    let mut collection = written(&key);
    collection.write(NAME, &key, &[Setting::PushName("Ana B".to_owned())], NOW, &mut rand::rng());
    let mut client = Client::default();
    for patch in collection.patches_after(0) {
        client.apply(&key, patch);
    }
    assert_eq!(client.state.version, 2);
    assert_eq!(client.state.hash.as_slice(), collection.hash);
    assert_eq!(collection.patches_after(1).len(), 1);
    assert!(collection.patches_after(2).is_empty() && collection.patches_after(u64::MAX).is_empty());
}

#[test]
fn an_uploaded_patch_is_kept_numbered_and_served_to_others() {
    let key = key();
    let mut collection = written(&key);
    let mut client = Client::default();
    client.apply(&key, &collection.patches[0]);
    let patch = client.patch(&key, &Setting::PushName("Companion".to_owned())).encode_to_vec();
    assert_eq!(collection.upload(NAME, std::slice::from_ref(&key), 1, &patch), Ok(2));
    let mutations = client.apply(&key, &collection.patches[1]);
    assert_eq!(
        mutations[0].action_value.as_ref().unwrap().push_name_setting.name.as_deref(),
        Some("Companion")
    );
}

#[test]
fn uploads_that_do_not_fit_are_refused_and_change_nothing() {
    let key = key();
    let mut collection = written(&key);
    let mut client = Client::default();
    client.apply(&key, &collection.patches[0]);
    let good = client.patch(&key, &Setting::PushName("x".to_owned()));
    let keys = [key.clone()];
    let mut refuse = |version, edit: &dyn Fn(&mut wa::SyncdPatch)| {
        let mut patch = good.clone();
        edit(&mut patch);
        collection.upload(NAME, &keys, version, &patch.encode_to_vec()).unwrap_err()
    };
    assert_eq!(refuse(0, &|_| ()), AppStateError::Conflict { built_on: 0, current: 1 });
    assert_eq!(refuse(1, &|p| p.patch_mac.as_mut().unwrap()[0] ^= 1), AppStateError::Mac("patch MAC"));
    assert_eq!(refuse(1, &|p| p.patch_mac = None), AppStateError::Mac("patch MAC"));
    let value = |p: &mut wa::SyncdPatch| {
        p.mutations[0].record.get_or_insert_default().value.get_or_insert_default().blob.as_mut().unwrap()
            [20] ^= 1;
    };
    assert_eq!(refuse(1, &value), AppStateError::Mac("mutation"));
    assert_eq!(
        refuse(1, &|p| p.key_id.get_or_insert_default().id = Some(vec![1])),
        AppStateError::UnknownKey
    );
    assert_eq!(refuse(1, &|p| p.mutations[0].operation = None), AppStateError::Malformed);
    let stripped = |p: &mut wa::SyncdPatch| {
        p.snapshot_mac = None;
        p.patch_mac = Some(generate_patch_mac(p, NAME, &key.expand().patch_mac, 2));
    };
    assert_eq!(refuse(1, &stripped), AppStateError::Mac("snapshot MAC"));
    assert_eq!(collection.upload(NAME, &keys, 1, b"\xff"), Err(AppStateError::Malformed));
    assert_eq!((collection.version, collection.patches.len()), (1, 1));
}

#[test]
fn the_key_share_carries_id_key_and_fingerprint() {
    let key = key();
    let message = key_share(std::slice::from_ref(&key));
    let told = &message.protocol_message;
    assert_eq!(told.r#type, Some(Type::APP_STATE_SYNC_KEY_SHARE));
    let shared = &told.app_state_sync_key_share.keys[0];
    assert_eq!(shared.key_id.key_id.as_deref(), Some(&key.id[..]));
    assert_eq!((key.id.len(), shared.key_data.key_data.as_ref().unwrap().len()), (6, 32));
    assert_eq!(shared.key_data.fingerprint.raw_id, Some(77));
    assert!(!format!("{key:?}").contains(&hex::encode(key.data)));
}
