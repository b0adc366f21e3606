//! Wiped keys stay wiped: also when the client that held them still writes.

use crate::place::{Place, apply};
use enlace_domain::id::SessionId;
use enlace_domain::port::Change;
use enlace_store_sqlite::{SqliteKeyStore, SqliteStore};
use enlace_testkit::store_contract::session_id;
use std::sync::Arc;
use wacore::store::Device;
use wacore::store::traits::{DeviceStore, MsgSecretStore, ProtocolStore, SignalStore};

const ADDRESS: &str = "999200000001@s.whatsapp.net";

async fn linked(place: &Place) -> (SqliteStore, SessionId, Arc<SqliteKeyStore>) {
    let (store, ana) = place.with_session("ana").await;
    let keys = store.key_store(&ana);
    keys.save(&Device::new()).await.unwrap();
    keys.put_session(ADDRESS, b"record").await.unwrap();
    keys.store_prekeys_batch(&[(1, b"record"[..].into())], true).await.unwrap();
    keys.store_pending_inbound(ADDRESS, ADDRESS, "3EB01", b"message").await.unwrap();
    keys.put_msg_secret(ADDRESS, ADDRESS, "3EB01", &[1; 32]).await.unwrap();
    keys.touch_tc_token_sender_timestamp(ADDRESS, 5).await.unwrap();
    keys.set_sender_key_status("111@g.us", &[(ADDRESS, true)]).await.unwrap();
    (store, ana, keys)
}

async fn assert_empty(keys: &SqliteKeyStore) {
    assert!(!keys.exists().await.unwrap() && keys.load().await.unwrap().is_none());
    assert!(!keys.has_session(ADDRESS).await.unwrap());
    assert_eq!(keys.get_max_prekey_id().await.unwrap(), 0);
    assert!(keys.get_pending_inbound(ADDRESS, ADDRESS, "3EB01").await.unwrap().is_none());
    assert!(keys.get_msg_secret(ADDRESS, ADDRESS, "3EB01").await.unwrap().is_none());
    assert!(keys.get_all_tc_token_jids().await.unwrap().is_empty());
    assert!(keys.get_sender_key_devices("111@g.us").await.unwrap().is_empty());
}

#[tokio::test]
async fn wiping_removes_every_key_of_the_session_and_no_other() {
    let place = Place::new();
    let (store, ana, _) = linked(&place).await;
    let (_, bruno) = place.with_session("bruno").await;
    store.key_store(&bruno).put_session(ADDRESS, b"record").await.unwrap();
    assert!(apply(&store, Change::WipeKeys(ana.clone())).await.unwrap());
    assert_empty(&store.key_store(&ana)).await;
    assert!(store.key_store(&bruno).has_session(ADDRESS).await.unwrap());
}

#[tokio::test]
async fn a_client_of_before_the_wipe_cannot_write_its_keys_back() {
    let place = Place::new();
    let (store, ana, old) = linked(&place).await;
    apply(&store, Change::WipeKeys(ana.clone())).await.unwrap();
    old.save(&Device::new()).await.expect_err("this client is over");
    old.put_session(ADDRESS, b"late").await.expect_err("this client is over");
    old.touch_tc_token_sender_timestamp(ADDRESS, 9).await.expect_err("this client is over");
    let new = store.key_store(&ana);
    assert_empty(&new).await;
    new.put_session(ADDRESS, b"fresh").await.expect("the next client starts clean");
    assert_eq!(new.get_session(ADDRESS).await.unwrap().as_deref(), Some(&b"fresh"[..]));
}

#[tokio::test]
async fn a_handle_made_before_the_wipe_but_first_used_after_it_is_good() {
    let place = Place::new();
    let (store, ana, _) = linked(&place).await;
    let made_early = store.key_store(&ana);
    apply(&store, Change::WipeKeys(ana.clone())).await.unwrap();
    made_early.put_session(ADDRESS, b"fresh").await.expect("it was never used before");
}

#[tokio::test]
async fn a_deleted_sessions_client_leaves_nothing_for_the_next_session_of_that_id() {
    let place = Place::new();
    let (store, ana, old) = linked(&place).await;
    apply(&store, Change::DeleteSession(ana.clone())).await.unwrap();
    old.save(&Device::new()).await.expect_err("its session is gone");
    store.key_store(&ana).save(&Device::new()).await.expect_err("there is no session");
    place.with_session("ana").await;
    old.save(&Device::new()).await.expect_err("it is not this session's client");
    assert_empty(&store.key_store(&ana)).await;
}

#[tokio::test]
async fn keys_need_a_session() {
    let place = Place::new();
    let store = place.store().await;
    let keys = store.key_store(&session_id("nobody"));
    assert!(keys.load().await.unwrap().is_none());
    keys.save(&Device::new()).await.expect_err("there is no session");
    place.with_session("nobody").await;
    keys.save(&Device::new()).await.expect("now there is one");
}

#[tokio::test]
async fn writes_and_a_wipe_at_the_same_moment_leave_nothing_of_the_old_client() {
    for _ in 0..10 {
        let place = Place::new();
        let (store, ana, old) = linked(&place).await;
        let mut writes = Vec::new();
        for n in 0..40_u32 {
            let old = Arc::clone(&old);
            writes.push(tokio::spawn(async move { old.store_prekey(n + 1, b"late", false).await.ok() }));
        }
        apply(&store, Change::WipeKeys(ana.clone())).await.unwrap();
        for write in writes {
            write.await.unwrap();
        }
        assert_empty(&store.key_store(&ana)).await;
    }
}

#[tokio::test]
async fn a_closed_store_refuses_keys() {
    let place = Place::new();
    let (store, _, keys) = linked(&place).await;
    store.close().await;
    keys.put_session(ADDRESS, b"late").await.expect_err("closed");
    keys.get_session(ADDRESS).await.expect_err("closed");
}
