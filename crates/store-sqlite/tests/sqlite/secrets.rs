//! What is sealed: no secret in the file's bytes, and no row that opens elsewhere.

use crate::place::Place;
use enlace_domain::id::SessionId;
use enlace_domain::port::{Change, Entry, Store};
use enlace_domain::proxy::Proxy;
use enlace_store_sqlite::SqliteStore;
use enlace_testkit::store_contract::session_id;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::fs;
use std::sync::Arc;
use wacore::store::Device;
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceStore, MsgSecretStore, ProtocolStore, SignalStore,
};

/// A text that is found wherever it is not sealed.
const SECRET: &[u8; 32] = b"-=this-must-never-be-readable=-!";
const ADDRESS: &str = "999200000001@s.whatsapp.net";

async fn fill(keys: &dyn Backend) {
    keys.put_identity(ADDRESS, *SECRET).await.unwrap();
    keys.put_identities_batch(&[(ADDRESS.into(), *SECRET)]).await.unwrap();
    keys.put_session(ADDRESS, SECRET).await.unwrap();
    keys.put_sessions_batch(&[("b".into(), SECRET[..].into())]).await.unwrap();
    keys.store_prekey(1, SECRET, false).await.unwrap();
    keys.store_prekeys_batch(&[(2, SECRET[..].into())], false).await.unwrap();
    keys.store_signed_prekey(1, SECRET).await.unwrap();
    keys.put_sender_key(ADDRESS, SECRET).await.unwrap();
    keys.put_sender_keys_batch(&[("b".into(), SECRET[..].into())]).await.unwrap();
    let key = AppStateSyncKey { key_data: SECRET.to_vec(), fingerprint: vec![1], timestamp: 1 };
    keys.set_sync_key(b"id", key).await.unwrap();
    keys.save_base_key(ADDRESS, "3EB01", SECRET).await.unwrap();
    keys.put_group_metadata("111@g.us", SECRET).await.unwrap();
    keys.store_received_tc_token(ADDRESS, SECRET, 1).await.unwrap();
    keys.store_sent_message(ADDRESS, "3EB02", SECRET).await.unwrap();
    keys.store_pending_inbound(ADDRESS, ADDRESS, "3EB03", SECRET).await.unwrap();
    keys.put_msg_secret(ADDRESS, ADDRESS, "3EB04", SECRET).await.unwrap();
    let mut device = Device::new();
    device.adv_secret_key = *SECRET;
    device.push_name = String::from_utf8(SECRET.to_vec()).unwrap();
    device.nct_salt = Some(SECRET.to_vec());
    keys.save(&device).await.unwrap();
}

/// Gives a session a proxy whose password is the secret.
async fn keep_proxy(store: &SqliteStore, id: &SessionId) {
    let mut session = store.session(id).await.unwrap().unwrap();
    // As it is within the proxy's own text, no character needs an escape.
    let password = std::str::from_utf8(SECRET).unwrap().replace(['=', '!'], "-");
    session.proxy = Some(Proxy::parse(&format!("http://ana:{password}@proxy.example:3128")).unwrap());
    let change = Change::SaveSession(Box::new(session));
    store.commit(vec![Entry { change, event: None }]).await.unwrap();
    assert!(store.session(id).await.unwrap().unwrap().proxy.unwrap().login().is_some());
}

/// Every byte of every file of the database.
fn bytes(place: &Place) -> Vec<u8> {
    let folder = fs::read_dir(place.file().parent().unwrap()).unwrap();
    folder.flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// The secret in the forms in which it could have been written.
fn forms() -> Vec<Vec<u8>> {
    let numbers = SECRET.map(|byte| byte.to_string()).join(",");
    let hex = SECRET.map(|byte| format!("{byte:02x}")).concat();
    // The middle, which is the same in a proxy's password.
    vec![
        SECRET[2..18].to_vec(),
        SECRET[..8].to_vec(),
        numbers[..24].into(),
        hex[..16].into(),
        hex[..16].to_uppercase().into(),
    ]
}

#[tokio::test]
async fn no_secret_is_readable_in_the_files_while_open_or_closed() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    fill(&*store.key_store(&ana)).await;
    keep_proxy(&store, &ana).await;
    let open = bytes(&place);
    assert!(holds(&open, b"ana") && open.len() > 10_000, "the search finds what is not sealed");
    assert!(forms().iter().all(|form| !holds(&open, form)));
    place.shut().await;
    let closed = bytes(&place);
    assert!(holds(&closed, b"ana"));
    assert!(forms().iter().all(|form| !holds(&closed, form)));
}

async fn alter(store: &SqliteStore, place: &Place, sql: &'static str) {
    store.close().await;
    let mut connection = SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}

async fn two_sessions(place: &Place) -> (SqliteStore, [SessionId; 2]) {
    let (store, ana) = place.with_session("ana").await;
    let (_, bruno) = place.with_session("bruno").await;
    for id in [&ana, &bruno] {
        fill(&*store.key_store(id)).await;
    }
    (store, [ana, bruno])
}

#[tokio::test]
async fn rows_moved_between_sessions_do_not_open() {
    let place = Place::new();
    let (store, _) = two_sessions(&place).await;
    alter(
        &store,
        &place,
        "UPDATE wa_record SET session = -session; \
         UPDATE wa_record SET session = CASE session WHEN -1 THEN 2 ELSE 1 END; \
         UPDATE wa_tc_token SET session = -session; \
         UPDATE wa_tc_token SET session = CASE session WHEN -1 THEN 2 ELSE 1 END; \
         UPDATE wa_message_secret SET session = -session; \
         UPDATE wa_message_secret SET session = CASE session WHEN -1 THEN 2 ELSE 1 END",
    )
    .await;
    let keys = place.try_open(1).await.unwrap().key_store(&session_id("ana"));
    keys.load_identity(ADDRESS).await.expect_err("moved");
    keys.get_session(ADDRESS).await.expect_err("moved");
    keys.load_all_signed_prekeys().await.expect_err("moved");
    keys.load().await.err().expect("moved");
    keys.get_tc_token(ADDRESS).await.expect_err("moved");
    keys.get_msg_secret(ADDRESS, ADDRESS, "3EB04").await.expect_err("moved");
    keys.get_pending_inbound(ADDRESS, ADDRESS, "3EB03").await.expect_err("moved");
}

#[tokio::test]
async fn a_proxy_moved_to_another_session_does_not_open_and_is_not_left_out() {
    let place = Place::new();
    let (store, [ana, bruno]) = two_sessions(&place).await;
    keep_proxy(&store, &ana).await;
    let sql = "UPDATE session SET proxy = (SELECT proxy FROM session other WHERE other.id = 'ana') WHERE id = 'bruno'";
    alter(&store, &place, sql).await;
    let store = place.try_open(1).await.unwrap();
    assert!(store.session(&ana).await.unwrap().unwrap().proxy.is_some());
    store.session(&bruno).await.expect_err("moved");
}

#[tokio::test]
async fn values_copied_to_another_row_do_not_open() {
    let place = Place::new();
    let (store, _) = two_sessions(&place).await;
    alter(
        &store,
        &place,
        "UPDATE wa_record SET sealed = (SELECT sealed FROM wa_record other WHERE other.session = 1 AND kind = 3 \
             AND key = x'00000001') WHERE session = 1 AND kind IN (2, 3)",
    )
    .await;
    let keys = place.try_open(1).await.unwrap().key_store(&session_id("ana"));
    assert_eq!(keys.load_prekey(1).await.unwrap().as_deref(), Some(&SECRET[..]), "its own place");
    keys.load_prekey(2).await.expect_err("another number");
    keys.get_session(ADDRESS).await.expect_err("another kind");
}

#[tokio::test]
async fn equal_secrets_are_not_recognised_as_equal() {
    let place = Place::new();
    let (store, _) = two_sessions(&place).await;
    store.close().await;
    let mut connection = SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap();
    let counts: (i64, i64) = sqlx::query_as("SELECT count(*), count(DISTINCT sealed) FROM wa_record")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(counts.0 > 20);
    assert_eq!(counts.0, counts.1);
}

#[tokio::test]
async fn errors_do_not_tell_secrets() {
    let place = Place::new();
    let (store, _) = two_sessions(&place).await;
    alter(&store, &place, "UPDATE wa_record SET sealed = substr(sealed, 1, 40)").await;
    let keys = place.try_open(1).await.unwrap().key_store(&session_id("ana"));
    let error = keys.get_session(ADDRESS).await.expect_err("damaged");
    let told = format!("{error} {error:?} {:?}", Arc::new(keys));
    assert!(!told.contains("999200000001") && !told.contains("never-be-readable"), "{told}");
}
