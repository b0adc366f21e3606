//! `SignalStore`: sessions and sender keys.

use super::{ANA, KeyStoreFactory};
use bytes::Bytes;
use std::sync::Arc;

const ADDRESS: &str = "999200000001:3@s.whatsapp.net";

fn records(count: u16, len: usize) -> Vec<(Arc<str>, Bytes)> {
    (0..count).map(|n| (format!("{n}:1@lid").into(), Bytes::from(n.to_be_bytes().repeat(len)))).collect()
}

/// Store and get; storing again replaces it.
pub async fn a_session_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for record in [&b"first"[..], b"", b"second, which is longer"] {
        keys.put_session(ADDRESS, record).await.expect("stored");
        assert_eq!(keys.get_session(ADDRESS).await.expect("read").as_deref(), Some(record));
        assert!(keys.has_session(ADDRESS).await.expect("read"));
    }
}

/// Not found is `None` and `false`.
pub async fn a_missing_session_is_none(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_identity(ADDRESS, [1; 32]).await.expect("an identity is not a session");
    keys.put_sender_key(ADDRESS, b"record").await.expect("a sender key is not a session");
    assert_eq!(keys.get_session(ADDRESS).await.expect("read"), None);
    assert!(!keys.has_session(ADDRESS).await.expect("read"));
}

/// Deleting is final, and deleting what is missing is no error.
pub async fn a_deleted_session_is_gone(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_identity(ADDRESS, [1; 32]).await.expect("stored");
    keys.put_session(ADDRESS, b"record").await.expect("stored");
    for _ in 0..2 {
        keys.delete_session(ADDRESS).await.expect("deleted");
        assert!(!keys.has_session(ADDRESS).await.expect("read"));
    }
    assert_eq!(keys.load_identity(ADDRESS).await.expect("read"), Some([1; 32]), "the identity stays");
}

/// A batch stores and replaces like single writes.
pub async fn sessions_are_written_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_session("7:1@lid", b"before").await.expect("stored");
    keys.put_sessions_batch(&records(200, 300)).await.expect("stored");
    for (address, record) in records(200, 300) {
        assert_eq!(keys.get_session(&address).await.expect("read"), Some(record));
    }
    keys.put_sessions_batch(&records(3, 1)).await.expect("stored");
    for (address, record) in records(3, 1) {
        assert_eq!(keys.get_session(&address).await.expect("read"), Some(record));
    }
}

/// A record of any size comes back byte for byte.
pub async fn a_large_session_comes_back_whole(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let record: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    keys.put_session(ADDRESS, &record).await.expect("stored");
    assert_eq!(keys.get_session(ADDRESS).await.expect("read").as_deref(), Some(record.as_slice()));
}

/// Any session or identity of a user, over all device ids; no other user whose number begins the same.
pub async fn signal_state_is_known_by_user_over_all_devices(factory: impl KeyStoreFactory) {
    const USER: &str = "999200000001";
    let keys = factory.open(ANA).await;
    for other in ["9992000000010@s.whatsapp.net", "99920000000@lid", "1999200000001:2@s.whatsapp.net"] {
        keys.put_session(other, b"record").await.expect("stored");
        keys.put_identity(other, [1; 32]).await.expect("stored");
    }
    keys.put_sender_key("999200000001@s.whatsapp.net", b"record").await.expect("stored");
    assert!(!keys.has_signal_state_for_user(USER).await.expect("read"));
    for address in
        ["999200000001@s.whatsapp.net", "999200000001:5@s.whatsapp.net", "999200000001:99@hosted.lid"]
    {
        keys.put_session(address, b"record").await.expect("stored");
        assert!(keys.has_signal_state_for_user(USER).await.expect("read"), "session {address}");
        keys.delete_session(address).await.expect("deleted");
        assert!(!keys.has_signal_state_for_user(USER).await.expect("read"));
        keys.put_identity(address, [1; 32]).await.expect("stored");
        assert!(keys.has_signal_state_for_user(USER).await.expect("read"), "identity {address}");
        keys.delete_identity(address).await.expect("deleted");
    }
}

/// Store, get, replace, delete.
pub async fn sender_keys_come_back_are_replaced_and_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let address = "123@g.us::999200000001:0";
    assert_eq!(keys.get_sender_key(address).await.expect("read"), None);
    for record in [&b"first"[..], b"second"] {
        keys.put_sender_key(address, record).await.expect("stored");
        assert_eq!(keys.get_sender_key(address).await.expect("read").as_deref(), Some(record));
    }
    for _ in 0..2 {
        keys.delete_sender_key(address).await.expect("deleted");
        assert_eq!(keys.get_sender_key(address).await.expect("read"), None);
    }
}

/// A batch stores and replaces like single writes.
pub async fn sender_keys_are_written_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_sender_key("7:1@lid", b"before").await.expect("stored");
    keys.put_sender_keys_batch(&records(100, 40)).await.expect("stored");
    for (address, record) in records(100, 40) {
        assert_eq!(keys.get_sender_key(&address).await.expect("read").as_deref(), Some(&record[..]));
    }
}

/// Concurrent writers of different kinds lose nothing.
pub async fn writes_at_the_same_time_are_all_kept(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let mut writers = Vec::new();
    for n in 0..40_u8 {
        let keys = keys.clone();
        writers.push(tokio::spawn(async move {
            let address = format!("{n}@lid");
            keys.put_session(&address, &[n; 100]).await.expect("stored");
            keys.put_identity(&address, [n; 32]).await.expect("stored");
            keys.store_prekey(u32::from(n) + 1, &[n; 40], false).await.expect("stored");
            if n % 2 == 0 {
                keys.delete_session(&address).await.expect("deleted");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    for n in 0..40_u8 {
        let address = format!("{n}@lid");
        assert_eq!(keys.has_session(&address).await.expect("read"), n % 2 == 1);
        assert_eq!(keys.load_identity(&address).await.expect("read"), Some([n; 32]));
        assert_eq!(keys.load_prekey(u32::from(n) + 1).await.expect("read").as_deref(), Some(&[n; 40][..]));
    }
}
