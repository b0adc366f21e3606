//! `AppSyncStore`.

use super::{ANA, KeyStoreFactory};
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::traits::AppStateSyncKey;

fn sync_key(n: u8) -> AppStateSyncKey {
    AppStateSyncKey {
        key_data: vec![n; 32],
        fingerprint: vec![n, 1, 2],
        timestamp: 1_780_000_000 + i64::from(n),
    }
}

fn mac(index: u8, value: u8) -> AppStateMutationMAC {
    AppStateMutationMAC { index_mac: vec![index; 32], value_mac: vec![value; 32] }
}

/// Set and get; setting again replaces it.
pub async fn a_sync_key_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(keys.get_sync_key(&[0, 1]).await.expect("read").is_none());
    for n in [1, 2] {
        keys.set_sync_key(&[0, 1], sync_key(n)).await.expect("stored");
        let stored = keys.get_sync_key(&[0, 1]).await.expect("read").expect("there");
        let expected = sync_key(n);
        assert_eq!(
            (stored.key_data, stored.fingerprint, stored.timestamp),
            (expected.key_data, expected.fingerprint, expected.timestamp)
        );
    }
    assert!(keys.get_sync_key(&[0]).await.expect("read").is_none());
}

/// The most recently stored, whatever its id, also when it was stored before.
pub async fn the_latest_sync_key_is_the_one_stored_last(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_latest_sync_key_id().await.expect("read"), None);
    for id in [vec![9], vec![1, 2], vec![5], vec![9]] {
        keys.set_sync_key(&id, sync_key(1)).await.expect("stored");
        assert_eq!(keys.get_latest_sync_key_id().await.expect("read"), Some(id));
    }
}

/// Set and get by collection; the default before.
pub async fn a_version_comes_back_and_is_fresh_at_first(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_version("regular").await.expect("read").version, 0);
    for n in [7_u8, 8] {
        let state = HashState {
            version: u64::from(n) << 40,
            hash: [n; 128],
            index_value_map: [("index".to_owned(), vec![n])].into(),
            mac_mismatch_fatal: n == 8,
        };
        keys.set_version("regular", state.clone()).await.expect("stored");
        let stored = keys.get_version("regular").await.expect("read");
        assert_eq!((stored.version, stored.hash), (state.version, state.hash));
        assert_eq!(stored.index_value_map, state.index_value_map);
        assert_eq!(stored.mac_mismatch_fatal, state.mac_mismatch_fatal);
    }
    let other = keys.get_version("critical_block").await.expect("read");
    assert_eq!((other.version, other.hash), (0, [0; 128]));
}

/// Put and get by collection and index; putting again replaces it.
pub async fn mutation_macs_come_back_and_are_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_mutation_mac("regular", &[1; 32]).await.expect("read"), None);
    for (version, value) in [(1, 10), (2, 20)] {
        keys.put_mutation_macs("regular", version, &[mac(1, value), mac(2, value)]).await.expect("stored");
        assert_eq!(keys.get_mutation_mac("regular", &[1; 32]).await.expect("read"), Some(vec![value; 32]));
    }
    assert_eq!(keys.get_mutation_mac("critical", &[1; 32]).await.expect("read"), None);
}

/// Many in a single call; only those that exist come back.
pub async fn mutation_macs_are_read_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let macs: Vec<_> = (0..200).map(|n| mac(n, n)).collect();
    keys.put_mutation_macs("regular", 1, &macs).await.expect("stored");
    keys.put_mutation_macs("critical", 1, &[mac(250, 1)]).await.expect("stored");
    let wanted: Vec<[u8; 32]> = (100..=255).map(|n| [n; 32]).collect();
    let found = keys.get_mutation_macs("regular", &wanted).await.expect("read");
    assert_eq!(found.len(), 100);
    assert!((100..200).all(|n| found[&[n; 32]] == vec![n; 32]));
}

/// Delete by index MACs, in one collection.
pub async fn mutation_macs_are_deleted_by_index(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for collection in ["regular", "critical"] {
        keys.put_mutation_macs(collection, 1, &[mac(1, 1), mac(2, 2), mac(3, 3)]).await.expect("stored");
    }
    keys.delete_mutation_macs("regular", &[vec![1; 32], vec![3; 32], vec![9; 32]]).await.expect("deleted");
    for (index, left) in [(1, false), (2, true), (3, false)] {
        let found = keys.get_mutation_mac("regular", &[index; 32]).await.expect("read");
        assert_eq!(found.is_some(), left, "{index}");
        assert!(keys.get_mutation_mac("critical", &[index; 32]).await.expect("read").is_some());
    }
}

/// Every MAC of a collection goes; other collections keep theirs.
pub async fn clearing_mutation_macs_touches_one_collection(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for collection in ["regular", "regular_low"] {
        keys.put_mutation_macs(collection, 1, &[mac(1, 1), mac(2, 2)]).await.expect("stored");
    }
    keys.clear_mutation_macs("regular").await.expect("cleared");
    assert!(keys.get_mutation_macs("regular", &[[1; 32], [2; 32]]).await.expect("read").is_empty());
    assert_eq!(keys.get_mutation_macs("regular_low", &[[1; 32], [2; 32]]).await.expect("read").len(), 2);
}
