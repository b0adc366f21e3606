//! `ProtocolStore`: LID and phone number of the same person.

use super::{ANA, KeyStoreFactory};
use wacore::store::traits::LidPnMappingEntry;

fn mapping(lid: &str, phone: &str, updated_at: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.into(),
        phone_number: phone.into(),
        created_at: 1_780_000_000,
        updated_at,
        learning_source: "usync".into(),
    }
}

fn fields(entry: Option<LidPnMappingEntry>) -> Option<(String, String, i64, i64, String)> {
    entry.map(|e| (e.lid, e.phone_number, e.created_at, e.updated_at, e.learning_source))
}

/// Get by LID, get by phone, update.
pub async fn a_mapping_is_found_by_lid_and_by_phone(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    assert!(keys.get_lid_mapping("1001").await.expect("read").is_none());
    assert!(keys.get_pn_mapping("999200000001").await.expect("read").is_none());
    let mut entry = mapping("1001", "999200000001", 1_780_000_001);
    for source in ["usync", "peer_pn_message"] {
        entry.learning_source = source.into();
        entry.updated_at += 5;
        keys.put_lid_mapping(&entry).await.expect("stored");
        let expected = fields(Some(entry.clone()));
        assert_eq!(fields(keys.get_lid_mapping("1001").await.expect("read")), expected);
        assert_eq!(fields(keys.get_pn_mapping("999200000001").await.expect("read")), expected);
    }
    assert_eq!(keys.get_all_lid_mappings().await.expect("read").len(), 1);
    assert!(keys.get_lid_mapping("999200000001").await.expect("read").is_none());
}

/// The most recent LID for that phone, the later stored one within a second.
pub async fn a_phone_gives_its_most_recent_lid(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for (lid, updated_at) in [("1009", 10), ("1001", 20), ("1005", 20)] {
        keys.put_lid_mapping(&mapping(lid, "999200000001", updated_at)).await.expect("stored");
        let found = keys.get_pn_mapping("999200000001").await.expect("read").expect("there");
        assert_eq!(found.lid, lid);
    }
    keys.put_lid_mapping(&mapping("1009", "999200000001", 20)).await.expect("stored");
    let found = keys.get_pn_mapping("999200000001").await.expect("read").expect("there");
    assert_eq!(found.lid, "1009");
}

/// The old number no longer leads to the LID.
pub async fn a_lid_that_changes_its_phone_leaves_the_old_one(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_lid_mapping(&mapping("1001", "999200000001", 10)).await.expect("stored");
    keys.put_lid_mapping(&mapping("1001", "999200000002", 20)).await.expect("stored");
    assert!(keys.get_pn_mapping("999200000001").await.expect("read").is_none());
    assert_eq!(keys.get_pn_mapping("999200000002").await.expect("read").expect("there").lid, "1001");
    assert_eq!(keys.get_all_lid_mappings().await.expect("read").len(), 1);
}

/// A batch stores like single writes, in order.
pub async fn mappings_are_written_in_batches(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let mut entries: Vec<_> =
        (0..150).map(|n| mapping(&format!("10{n}"), &format!("9992000{n:05}"), 10)).collect();
    entries.push(mapping("10149", "999200099999", 20));
    keys.put_lid_mappings(&entries).await.expect("stored");
    assert_eq!(keys.get_all_lid_mappings().await.expect("read").len(), 150);
    assert_eq!(keys.get_pn_mapping("999200000007").await.expect("read").expect("there").lid, "107");
    assert_eq!(
        keys.get_lid_mapping("10149").await.expect("read").expect("there").phone_number,
        "999200099999"
    );
}
