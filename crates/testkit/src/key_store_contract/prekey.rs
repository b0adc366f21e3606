//! `SignalStore`: one-time and signed pre-keys.

use super::{ANA, KeyStoreFactory};
use bytes::Bytes;

fn batch(ids: std::ops::Range<u32>) -> Vec<(u32, Bytes)> {
    ids.map(|id| (id, Bytes::from(id.to_be_bytes().repeat(9)))).collect()
}

/// Store and load; storing again replaces it.
pub async fn a_prekey_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.load_prekey(1).await.expect("read"), None);
    for (record, uploaded) in [(&b"first"[..], false), (b"second", true)] {
        keys.store_prekey(1, record, uploaded).await.expect("stored");
        assert_eq!(keys.load_prekey(1).await.expect("read").as_deref(), Some(record));
    }
}

/// Removing is final, and removing what is missing is no error.
pub async fn a_removed_prekey_is_gone(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_prekeys_batch(&batch(1..4), false).await.expect("stored");
    for _ in 0..2 {
        keys.remove_prekey(2).await.expect("removed");
        assert_eq!(keys.load_prekey(2).await.expect("read"), None);
    }
    assert!(keys.load_prekey(1).await.expect("read").is_some());
    assert!(keys.load_prekey(3).await.expect("read").is_some());
}

/// A batch, as large as linking writes; a batch of reads gives only those that exist.
pub async fn prekeys_are_written_and_read_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_prekey(5, b"before", true).await.expect("stored");
    keys.store_prekeys_batch(&batch(1..813), false).await.expect("stored");
    let wanted: Vec<u32> = (1..900).collect();
    let mut found = keys.load_prekeys_batch(&wanted).await.expect("read");
    found.sort();
    assert_eq!(found, batch(1..813));
    assert_eq!(keys.load_prekeys_batch(&[4000, 5, 4001]).await.expect("read"), batch(5..6));
}

/// UPDATE semantics: a key consumed meanwhile stays deleted.
pub async fn marking_prekeys_uploaded_brings_none_back(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_prekeys_batch(&batch(1..6), false).await.expect("stored");
    keys.remove_prekey(3).await.expect("removed");
    keys.mark_prekeys_uploaded(&[1, 2, 3, 4, 5, 6]).await.expect("marked");
    let mut left = keys.load_prekeys_batch(&[1, 2, 3, 4, 5, 6]).await.expect("read");
    left.sort();
    assert_eq!(left.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert_eq!(keys.get_max_prekey_id().await.expect("read"), 5);
}

/// Marking changes nothing of the record.
pub async fn marking_prekeys_uploaded_leaves_their_records(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_prekeys_batch(&batch(1..200), false).await.expect("stored");
    keys.mark_prekeys_uploaded(&(1..200).collect::<Vec<_>>()).await.expect("marked");
    let mut found = keys.load_prekeys_batch(&(1..200).collect::<Vec<_>>()).await.expect("read");
    found.sort();
    assert_eq!(found, batch(1..200));
}

/// The greatest id that is stored, or 0.
pub async fn the_greatest_prekey_id_is_known(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_max_prekey_id().await.expect("read"), 0);
    for (id, greatest) in [(255, 255), (7, 255), (256, 256), (0x00ff_ffff, 0x00ff_ffff), (9, 0x00ff_ffff)] {
        keys.store_prekey(id, b"record", false).await.expect("stored");
        assert_eq!(keys.get_max_prekey_id().await.expect("read"), greatest);
    }
    keys.remove_prekey(0x00ff_ffff).await.expect("removed");
    assert_eq!(keys.get_max_prekey_id().await.expect("read"), 256);
    keys.store_signed_prekey(1000, b"record").await.expect("stored");
    assert_eq!(keys.get_max_prekey_id().await.expect("read"), 256, "signed pre-keys are not counted");
}

/// Store, load, load all, replace, remove.
pub async fn signed_prekeys_come_back_one_by_one_and_all(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.load_signed_prekey(1).await.expect("read"), None);
    assert_eq!(keys.load_all_signed_prekeys().await.expect("read"), []);
    for id in [1, 300, 2] {
        keys.store_signed_prekey(id, b"before").await.expect("stored");
        keys.store_signed_prekey(id, &id.to_be_bytes()).await.expect("stored");
        assert_eq!(keys.load_signed_prekey(id).await.expect("read"), Some(id.to_be_bytes().to_vec()));
    }
    let mut all = keys.load_all_signed_prekeys().await.expect("read");
    all.sort();
    assert_eq!(all, [1_u32, 2, 300].map(|id| (id, id.to_be_bytes().to_vec())));
    for _ in 0..2 {
        keys.remove_signed_prekey(300).await.expect("removed");
        assert_eq!(keys.load_signed_prekey(300).await.expect("read"), None);
    }
    assert_eq!(keys.load_all_signed_prekeys().await.expect("read").len(), 2);
}

/// The same id in both means two keys.
pub async fn prekeys_and_signed_prekeys_do_not_mix(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.store_prekey(1, b"one-time", false).await.expect("stored");
    keys.store_signed_prekey(1, b"signed").await.expect("stored");
    assert_eq!(keys.load_prekey(1).await.expect("read").as_deref(), Some(&b"one-time"[..]));
    keys.remove_prekey(1).await.expect("removed");
    assert_eq!(keys.load_signed_prekey(1).await.expect("read").as_deref(), Some(&b"signed"[..]));
}
