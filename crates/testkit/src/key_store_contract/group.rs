//! `ProtocolStore`: who has our sender key in which group, and group metadata.

use super::{ANA, KeyStoreFactory};
use wacore::store::traits::Backend;

const GROUP: &str = "111@g.us";
const OTHER: &str = "222@g.us";

async fn devices(keys: &dyn Backend, group: &str) -> Vec<(String, bool)> {
    let mut devices = keys.get_sender_key_devices(group).await.expect("read");
    devices.sort();
    devices
}

fn row(device: &str, has_key: bool) -> (String, bool) {
    (device.to_owned(), has_key)
}

/// `true` after distribution, `false` to mark as needing a fresh one; per group and device.
pub async fn sender_key_status_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(devices(&*keys, GROUP).await.is_empty());
    keys.set_sender_key_status(GROUP, &[("a:1@lid", true), ("b:2@lid", false)]).await.expect("stored");
    assert_eq!(devices(&*keys, GROUP).await, [row("a:1@lid", true), row("b:2@lid", false)]);
    keys.set_sender_key_status(GROUP, &[("b:2@lid", true), ("c:3@lid", true)]).await.expect("stored");
    keys.set_sender_key_status(GROUP, &[("a:1@lid", false)]).await.expect("stored");
    let expected = [row("a:1@lid", false), row("b:2@lid", true), row("c:3@lid", true)];
    assert_eq!(devices(&*keys, GROUP).await, expected);
    assert!(devices(&*keys, OTHER).await.is_empty());
}

/// On sender key rotation.
pub async fn clearing_touches_one_group(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for group in [GROUP, OTHER] {
        keys.set_sender_key_status(group, &[("a:1@lid", true)]).await.expect("stored");
    }
    keys.clear_sender_key_devices(GROUP).await.expect("cleared");
    assert!(devices(&*keys, GROUP).await.is_empty());
    assert_eq!(devices(&*keys, OTHER).await, [row("a:1@lid", true)]);
}

/// Specific rows by device JID, across all groups.
pub async fn device_rows_are_deleted_across_all_groups(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for group in [GROUP, OTHER] {
        let entries = [("a:1@lid", true), ("a:2@lid", true), ("b:1@lid", true), ("it's \"c\"", true)];
        keys.set_sender_key_status(group, &entries).await.expect("stored");
    }
    keys.delete_sender_key_device_rows(&["a:1@lid", "it's \"c\"", "unknown@lid"]).await.expect("deleted");
    for group in [GROUP, OTHER] {
        assert_eq!(devices(&*keys, group).await, [row("a:2@lid", true), row("b:1@lid", true)]);
    }
}

/// On identity change.
pub async fn clearing_all_touches_every_group(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for group in [GROUP, OTHER] {
        keys.set_sender_key_status(group, &[("a:1@lid", true)]).await.expect("stored");
    }
    keys.clear_all_sender_key_devices().await.expect("cleared");
    for group in [GROUP, OTHER] {
        assert!(devices(&*keys, group).await.is_empty());
    }
}

/// An opaque blob per group.
pub async fn group_metadata_comes_back_is_replaced_and_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert_eq!(keys.get_group_metadata(GROUP).await.expect("read"), None);
    for blob in [&b"first"[..], &[0, 255, 0]] {
        keys.put_group_metadata(GROUP, blob).await.expect("stored");
        assert_eq!(keys.get_group_metadata(GROUP).await.expect("read").as_deref(), Some(blob));
    }
    keys.put_group_metadata(OTHER, b"other").await.expect("stored");
    for _ in 0..2 {
        keys.delete_group_metadata(GROUP).await.expect("deleted");
        assert_eq!(keys.get_group_metadata(GROUP).await.expect("read"), None);
    }
    assert!(keys.get_group_metadata(OTHER).await.expect("read").is_some());
}
