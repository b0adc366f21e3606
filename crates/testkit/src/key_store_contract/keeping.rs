//! All traits together: sessions apart, and everything kept.

use super::{ANA, BRUNO, FUTURE, KeyStoreFactory};
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::Device;
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, TcTokenEntry,
};

const ADDRESS: &str = "999200000001@s.whatsapp.net";
const GROUP: &str = "111@g.us";

/// Writes one thing of each kind.
async fn fill(keys: &dyn Backend) -> Result<(), wacore::store::error::StoreError> {
    keys.put_identity(ADDRESS, [1; 32]).await?;
    keys.put_session(ADDRESS, b"session").await?;
    keys.store_prekey(7, b"prekey", false).await?;
    keys.mark_prekeys_uploaded(&[7]).await?;
    keys.store_signed_prekey(8, b"signed").await?;
    keys.put_sender_key(ADDRESS, b"sender").await?;
    let key = AppStateSyncKey { key_data: vec![1; 32], fingerprint: vec![2], timestamp: 3 };
    keys.set_sync_key(b"id", key).await?;
    keys.set_version("regular", HashState { version: 5, ..HashState::default() }).await?;
    let mac = AppStateMutationMAC { index_mac: vec![1; 32], value_mac: vec![2; 32] };
    keys.put_mutation_macs("regular", 5, &[mac]).await?;
    keys.set_sender_key_status(GROUP, &[(ADDRESS, true)]).await?;
    keys.put_lid_mapping(&LidPnMappingEntry {
        lid: "1001".into(),
        phone_number: "999200000001".into(),
        created_at: 1,
        updated_at: 2,
        learning_source: "usync".into(),
    })
    .await?;
    keys.save_base_key(ADDRESS, "3EB01", b"base").await?;
    let devices = vec![DeviceInfo::new(0, None)];
    let list = DeviceListRecord { user: "1001".into(), devices, timestamp: 1, phash: None, raw_id: None };
    keys.update_device_list(list).await?;
    keys.put_group_metadata(GROUP, b"metadata").await?;
    let token = TcTokenEntry { token: b"token".to_vec(), token_timestamp: 1, sender_timestamp: Some(1) };
    keys.put_tc_token(ADDRESS, &token).await?;
    keys.store_sent_message(ADDRESS, "3EB02", b"sent").await?;
    keys.store_pending_inbound(ADDRESS, ADDRESS, "3EB03", b"pending").await?;
    keys.put_msg_secret(ADDRESS, ADDRESS, "3EB04", &[4; 32]).await?;
    keys.save(&Device::new()).await
}

/// What is found of each kind; taking the sent message is left to the caller.
async fn found(keys: &dyn Backend) -> Result<Vec<bool>, wacore::store::error::StoreError> {
    Ok(vec![
        keys.load_identity(ADDRESS).await?.is_some(),
        keys.has_session(ADDRESS).await?,
        keys.get_session(ADDRESS).await?.is_some_and(|session| session == b"session"[..]),
        keys.has_signal_state_for_user("999200000001").await?,
        keys.load_prekey(7).await?.is_some(),
        keys.get_max_prekey_id().await? == 7,
        keys.load_prekeys_batch(&[7]).await?.len() == 1,
        keys.load_signed_prekey(8).await?.is_some(),
        keys.load_all_signed_prekeys().await?.len() == 1,
        keys.get_sender_key(ADDRESS).await?.is_some(),
        keys.get_sync_key(b"id").await?.is_some(),
        keys.get_latest_sync_key_id().await?.is_some(),
        keys.get_version("regular").await?.version == 5,
        keys.get_mutation_mac("regular", &[1; 32]).await?.is_some(),
        keys.get_mutation_macs("regular", &[[1; 32]]).await?.len() == 1,
        keys.get_sender_key_devices(GROUP).await?.len() == 1,
        keys.get_lid_mapping("1001").await?.is_some(),
        keys.get_pn_mapping("999200000001").await?.is_some(),
        keys.get_all_lid_mappings().await?.len() == 1,
        keys.has_same_base_key(ADDRESS, "3EB01", b"base").await?,
        keys.get_devices("1001").await?.is_some(),
        keys.get_group_metadata(GROUP).await?.is_some(),
        keys.get_tc_token(ADDRESS).await?.is_some(),
        keys.get_all_tc_token_jids().await?.len() == 1,
        keys.get_pending_inbound(ADDRESS, ADDRESS, "3EB03").await?.is_some(),
        keys.get_msg_secret(ADDRESS, ADDRESS, "3EB04").await?.is_some(),
        keys.exists().await?,
        keys.load().await?.is_some(),
    ])
}

/// Deletes everything by every deleting method.
async fn clear(keys: &dyn Backend) -> Result<(), wacore::store::error::StoreError> {
    keys.delete_identity(ADDRESS).await?;
    keys.delete_session(ADDRESS).await?;
    keys.remove_prekey(7).await?;
    keys.remove_signed_prekey(8).await?;
    keys.delete_sender_key(ADDRESS).await?;
    keys.delete_mutation_macs("regular", &[vec![1; 32]]).await?;
    keys.clear_mutation_macs("regular").await?;
    keys.delete_sender_key_device_rows(&[ADDRESS]).await?;
    keys.clear_sender_key_devices(GROUP).await?;
    keys.clear_all_sender_key_devices().await?;
    keys.delete_base_key(ADDRESS, "3EB01").await?;
    keys.delete_devices("1001").await?;
    keys.delete_group_metadata(GROUP).await?;
    keys.delete_tc_token(ADDRESS).await?;
    keys.delete_expired_tc_tokens(FUTURE, FUTURE).await?;
    keys.take_sent_message(ADDRESS, "3EB02").await?;
    keys.delete_expired_sent_messages(FUTURE).await?;
    keys.delete_pending_inbound(ADDRESS, ADDRESS, "3EB03").await?;
    keys.delete_expired_pending_inbound(FUTURE).await?;
    keys.delete_expired_msg_secrets(FUTURE).await?;
    keys.mark_prekeys_uploaded(&[7]).await
}

/// What one session writes, no other reads.
pub async fn sessions_never_see_each_others_keys(factory: impl KeyStoreFactory) {
    let (ana, bruno) = (factory.open(ANA).await, factory.open(BRUNO).await);
    fill(&*ana).await.expect("stored");
    assert!(found(&*ana).await.expect("read").into_iter().all(|found| found));
    let seen = found(&*bruno).await.expect("read");
    assert!(!seen.contains(&true), "{seen:?}");
    assert_eq!(bruno.take_sent_message(ADDRESS, "3EB02").await.expect("read"), None);
    assert!(ana.take_sent_message(ADDRESS, "3EB02").await.expect("read").is_some());
}

/// What one session deletes, another keeps.
pub async fn deleting_in_one_session_leaves_the_other_alone(factory: impl KeyStoreFactory) {
    let (ana, bruno) = (factory.open(ANA).await, factory.open(BRUNO).await);
    fill(&*ana).await.expect("stored");
    fill(&*bruno).await.expect("stored");
    clear(&*bruno).await.expect("deleted");
    assert!(found(&*ana).await.expect("read").into_iter().all(|found| found));
    assert!(ana.take_sent_message(ADDRESS, "3EB02").await.expect("read").is_some());
}

/// Every kind is there after a restart, and what was deleted stays deleted.
pub async fn everything_survives_a_restart(factory: impl KeyStoreFactory) {
    let (ana, bruno) = (factory.open(ANA).await, factory.open(BRUNO).await);
    fill(&*ana).await.expect("stored");
    fill(&*bruno).await.expect("stored");
    clear(&*bruno).await.expect("deleted");
    drop((ana, bruno));
    factory.reopen().await;
    let (ana, bruno) = (factory.open(ANA).await, factory.open(BRUNO).await);
    assert!(found(&*ana).await.expect("read").into_iter().all(|found| found));
    assert_eq!(ana.take_sent_message(ADDRESS, "3EB02").await.expect("read").as_deref(), Some(&b"sent"[..]));
    assert!(!bruno.has_session(ADDRESS).await.expect("read"));
    assert!(bruno.load_prekey(7).await.expect("read").is_none());
    assert_eq!(bruno.take_sent_message(ADDRESS, "3EB02").await.expect("read"), None);
}

/// Every batch may be empty.
pub async fn empty_batches_are_right(factory: impl KeyStoreFactory) {
    let keys = factory.open(ANA).await;
    keys.put_identities_batch(&[]).await.expect("right");
    keys.put_sessions_batch(&[]).await.expect("right");
    keys.store_prekeys_batch(&[], false).await.expect("right");
    assert!(keys.load_prekeys_batch(&[]).await.expect("right").is_empty());
    keys.mark_prekeys_uploaded(&[]).await.expect("right");
    keys.put_sender_keys_batch(&[]).await.expect("right");
    keys.put_mutation_macs("regular", 1, &[]).await.expect("right");
    assert!(keys.get_mutation_macs("regular", &[]).await.expect("right").is_empty());
    keys.delete_mutation_macs("regular", &[]).await.expect("right");
    keys.set_sender_key_status(GROUP, &[]).await.expect("right");
    keys.delete_sender_key_device_rows(&[]).await.expect("right");
    keys.put_lid_mappings(&[]).await.expect("right");
    keys.update_device_lists(Vec::new()).await.expect("right");
    keys.store_pending_inbound_batch(&[]).await.expect("right");
    keys.delete_pending_inbound_batch(&[]).await.expect("right");
    assert_eq!(keys.put_msg_secrets(Vec::new()).await.expect("right"), 0);
}
