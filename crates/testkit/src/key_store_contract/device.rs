//! `DeviceStore`.

use super::{ANA, KeyStoreFactory};
use wacore::store::{CachedNoiseCert, CachedServerCertChain, Device};

/// Everything of a device that is kept, as text to compare.
fn kept(device: &Device) -> serde_json::Value {
    serde_json::to_value(device).expect("a device serialises")
}

fn linked() -> Device {
    let mut device = Device::new();
    device.pn = Some("999100000001:11@s.whatsapp.net".parse().expect("a JID"));
    device.lid = Some("100000000000001:11@lid".parse().expect("a JID"));
    device.push_name = "Ana \u{1f600}".into();
    device.edge_routing_info = Some(vec![0, 1, 255]);
    device.props_hash = Some("hash".into());
    device.next_pre_key_id = 813;
    device.first_unupload_pre_key_id = 813;
    device.server_has_prekeys = true;
    device.nct_salt = Some(vec![7; 16]);
    device.login_counter = 42;
    device.lid_migrated = true;
    device.read_receipts_disabled = true;
    device
}

/// Save and load; saving again replaces it. Key pairs come back able to do their work.
pub async fn a_device_comes_back_and_is_replaced(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    for device in [Device::new(), linked()] {
        keys.save(&device).await.expect("stored");
        let loaded = keys.load().await.expect("read").expect("there");
        assert_eq!(kept(&loaded), kept(&device));
        assert_eq!(loaded.pn, device.pn);
        let pairs = [
            (&loaded.noise_key, &device.noise_key),
            (&loaded.identity_key, &device.identity_key),
            (&loaded.signed_pre_key, &device.signed_pre_key),
        ];
        for (loaded, saved) in pairs {
            assert_eq!(loaded.public_key.public_key_bytes(), saved.public_key.public_key_bytes());
            assert_eq!(loaded.private_key.serialize(), saved.private_key.serialize());
        }
    }
    assert!(keys.exists().await.expect("read"));
}

/// Not found is `None` and `false`.
pub async fn a_missing_device_is_none(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_session("999200000001@s.whatsapp.net", b"record").await.expect("other keys are no device");
    assert!(keys.load().await.expect("read").is_none());
    assert!(!keys.exists().await.expect("read"));
}

/// A new row, with usable keys.
pub async fn creating_makes_a_device(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.create().await.expect("created");
    assert!(keys.exists().await.expect("read"));
    let device = keys.load().await.expect("read").expect("there");
    assert!(device.pn.is_none() && device.registration_id > 0);
    let again = keys.load().await.expect("read").expect("there");
    assert_eq!(kept(&again), kept(&device), "the same one each time");
}

/// Creating never overwrites an identity.
pub async fn creating_keeps_an_existing_device(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let device = linked();
    keys.save(&device).await.expect("stored");
    keys.create().await.expect("no error");
    assert_eq!(kept(&keys.load().await.expect("read").expect("there")), kept(&device));
}

/// A device that was seeded with a placeholder number and the key of a server opens with that server's key.
pub async fn a_seeded_identity_and_certificate_chain_come_back(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let mut device = Device::new();
    device.pn = Some("0@s.whatsapp.net".parse().expect("a JID"));
    let certificate = |key| CachedNoiseCert { key: [key; 32], not_before: 0, not_after: i64::MAX };
    device.server_cert_chain =
        Some(CachedServerCertChain { intermediate: certificate(1), leaf: certificate(2) });
    keys.save(&device).await.expect("stored");
    let loaded = keys.load().await.expect("read").expect("there");
    assert_eq!(loaded.server_cert_chain, device.server_cert_chain);
    assert_eq!(loaded.pn, device.pn);
}

/// Asking for a report or a snapshot is always right and changes nothing.
pub async fn reports_and_snapshots_do_no_harm(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    let device = linked();
    keys.save(&device).await.expect("stored");
    keys.snapshot_db("before a failure", Some(b"message")).await.expect("no error");
    let report = keys.resource_report().await;
    assert!(report.memory_bytes.is_none_or(|bytes| bytes < 1 << 20), "{report:?}");
    assert_eq!(kept(&keys.load().await.expect("read").expect("there")), kept(&device));
}
