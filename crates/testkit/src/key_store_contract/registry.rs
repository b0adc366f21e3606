//! `ProtocolStore`: base keys and device lists.

use super::{ANA, KeyStoreFactory};
use wacore::store::traits::{DeviceInfo, DeviceListRecord};

const ADDRESS: &str = "999200000001:2@s.whatsapp.net";

fn list(user: &str, timestamp: i64) -> DeviceListRecord {
    DeviceListRecord {
        user: user.into(),
        devices: vec![
            DeviceInfo::new(0, None),
            DeviceInfo::new(7, Some(3)),
            DeviceInfo::new(99, Some(u32::MAX)).with_hosting(true),
        ],
        timestamp,
        phash: (timestamp % 2 == 0).then(|| "2:abcdef".into()),
        raw_id: (timestamp % 2 == 0).then_some(u32::MAX),
    }
}

fn fields(record: &DeviceListRecord) -> String {
    format!("{record:?}")
}

/// Equal only to the one saved, until it is deleted.
pub async fn a_base_key_is_compared_and_deleted(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(!keys.has_same_base_key(ADDRESS, "3EB01", b"key").await.expect("read"));
    keys.save_base_key(ADDRESS, "3EB01", b"before").await.expect("stored");
    keys.save_base_key(ADDRESS, "3EB01", b"key").await.expect("stored");
    for (key, same) in
        [(&b"key"[..], true), (b"before", false), (b"ke", false), (b"key2", false), (b"", false)]
    {
        assert_eq!(keys.has_same_base_key(ADDRESS, "3EB01", key).await.expect("read"), same);
    }
    for _ in 0..2 {
        keys.delete_base_key(ADDRESS, "3EB01").await.expect("deleted");
        assert!(!keys.has_same_base_key(ADDRESS, "3EB01", b"key").await.expect("read"));
    }
}

/// Address and message together, with no way to run them into each other.
pub async fn base_keys_are_filed_by_address_and_message(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.save_base_key("ab", "c", b"key").await.expect("stored");
    for (address, id, same) in [("ab", "c", true), ("a", "bc", false), ("ab", "", false), ("abc", "", false)]
    {
        assert_eq!(keys.has_same_base_key(address, id, b"key").await.expect("read"), same, "{address} {id}");
    }
    keys.delete_base_key("a", "bc").await.expect("nothing to delete");
    assert!(keys.has_same_base_key("ab", "c", b"key").await.expect("read"));
}

/// Every field comes back; updating replaces the whole record.
pub async fn a_device_list_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(keys.get_devices("999200000001").await.expect("read").is_none());
    let empty = DeviceListRecord { devices: Vec::new(), ..list("999200000001", 3) };
    for record in [list("999200000001", 1), list("999200000001", 2), empty] {
        keys.update_device_list(record.clone()).await.expect("stored");
        let stored = keys.get_devices("999200000001").await.expect("read").expect("there");
        assert_eq!(fields(&stored), fields(&record));
    }
}

/// A batch stores and replaces like single writes.
pub async fn device_lists_are_written_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.update_device_list(list("7", 1)).await.expect("stored");
    let records: Vec<_> = (0..130).map(|n| list(&n.to_string(), 100 + n)).collect();
    keys.update_device_lists(records.clone()).await.expect("stored");
    for record in &records {
        let stored = keys.get_devices(&record.user).await.expect("read").expect("there");
        assert_eq!(fields(&stored), fields(record));
    }
}

/// Deleting forces a fetch: not found from then on.
pub async fn deleted_devices_are_gone(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.update_device_lists(vec![list("1", 1), list("2", 1)]).await.expect("stored");
    for _ in 0..2 {
        keys.delete_devices("1").await.expect("deleted");
        assert!(keys.get_devices("1").await.expect("read").is_none());
    }
    assert!(keys.get_devices("2").await.expect("read").is_some());
}
