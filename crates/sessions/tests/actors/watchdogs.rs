//! Nothing hangs for ever: every state that is on the way to another is left although neither the network nor the phone
//! does anything more.

use crate::rig::{PATIENCE, Rig, by_code};
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::inbox::ConnectionEvent;
use enlace_domain::port::whatsapp::IssuedCode;
use enlace_domain::session::StateName;
use enlace_sessions::SessionsConfig;
use std::time::Duration;
use tokio::task::JoinSet;

/// Short enough for a test, long enough for what a test does in between.
const SHORT: Duration = Duration::from_secs(3);

fn settings() -> SessionsConfig {
    SessionsConfig { reconnect_first: Duration::from_millis(5), ..SessionsConfig::default() }
}

#[tokio::test]
async fn every_state_on_the_way_to_another_is_left_though_nothing_happens() {
    let mut waits = JoinSet::new();
    for name in StateName::ALL.into_iter().filter(|name| name.is_transitional()) {
        match name {
            StateName::Connecting => {
                waits.spawn(a_link_without_a_qr());
                waits.spawn(a_login_without_an_end());
            }
            StateName::AwaitingScan => drop(waits.spawn(qrs_that_stop_coming())),
            StateName::AwaitingCode => drop(waits.spawn(a_code_that_nobody_types())),
            StateName::AwaitingPasskey => drop(waits.spawn(a_passkey_that_nobody_gives())),
            StateName::Pairing => {
                waits.spawn(a_restart_that_never_comes());
                waits.spawn(a_first_sync_without_an_end());
            }
            StateName::Reconnecting => drop(waits.spawn(a_loss())),
            StateName::Stalled => drop(waits.spawn(silence())),
            other => panic!("nobody has shown that {other:?} is left"),
        }
    }
    waits.join_all().await;
}

async fn a_link_without_a_qr() {
    let rig = Rig::with(SessionsConfig { first_qr_within: SHORT, ..settings() }).await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    let silent = rig.network.next_connection().await;
    assert_eq!(rig.state(&id).state.name, StateName::Connecting);
    rig.network.next_connection().await.show_qr("at last").await;
    asker.await.unwrap().unwrap();
    assert!(silent.is_closed());
}

async fn a_login_without_an_end() {
    let rig = Rig::with(settings()).await;
    let (id, _connection) = rig.online("ana").await;
    let rig = rig.restart_with(SessionsConfig { login_within: SHORT, ..settings() }).await;
    let hung = rig.network.next_connection().await;
    assert_eq!(rig.state(&id).state.name, StateName::Connecting);
    rig.network.next_connection().await;
    assert!(hung.is_closed());
}

async fn qrs_that_stop_coming() {
    let rig = Rig::with(SessionsConfig { first_qr_within: SHORT, ..settings() }).await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    let connection = rig.network.next_connection().await;
    connection.show_qr_for("the only one", SHORT).await;
    asker.await.unwrap().unwrap();
    rig.wait_for(&id, StateName::AwaitingScan).await;
    rig.network.next_connection().await;
    assert!(connection.is_closed());
}

async fn a_code_that_nobody_types() {
    let rig = Rig::with(SessionsConfig { first_qr_within: SHORT, ..settings() }).await;
    let id = rig.create("bruno").await;
    let asker = rig.looks(&id);
    let connection = rig.network.next_connection().await;
    connection.show_qr_for("the only one", SHORT).await;
    asker.await.unwrap().unwrap();
    connection.answer_code(Ok(IssuedCode { code: "ABCD1234".into(), valid_for: SHORT * 2 }));
    rig.gateway.link(&id, by_code("999100000002")).await.unwrap();
    rig.wait_for(&id, StateName::AwaitingCode).await;
    // The code ends, no further QR comes: another connection serves.
    rig.network.next_connection().await;
    assert!(connection.is_closed());
}

async fn a_passkey_that_nobody_gives() {
    let rig = Rig::with(SessionsConfig { passkey_within: SHORT, ..settings() }).await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.tell(ConnectionEvent::PasskeyRequested { options: serde_json::json!({}) }).await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("passkey-timeout"));
    assert!(connection.is_closed());
    assert!(rig.states(&id).await.contains(&"awaiting_passkey".to_owned()));
}

async fn a_restart_that_never_comes() {
    let rig = Rig::with(SessionsConfig { restart_within: SHORT, ..settings() }).await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    let phone = PhoneNumber::parse("999100000001").unwrap();
    connection.tell(ConnectionEvent::Paired { phone, lid: None, business_name: None }).await;
    let login = rig.network.next_connection().await;
    assert!(login.request.linked && connection.is_closed());
    login.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    assert!(rig.states(&id).await.contains(&"pairing:restarting".to_owned()));
}

async fn a_first_sync_without_an_end() {
    let rig = Rig::with(SessionsConfig { login_within: SHORT, ..settings() }).await;
    let id = rig.create("ana").await;
    rig.begin_qr(&id).await.pair("999100000001").await;
    let hung = rig.network.next_connection().await;
    hung.tell(ConnectionEvent::LoggedIn).await;
    rig.network.next_connection().await;
    assert!(hung.is_closed());
}

async fn a_loss() {
    let rig = Rig::with(settings()).await;
    let (_id, connection) = rig.online("ana").await;
    connection.lose("stream-ended").await;
    rig.network.next_connection().await;
}

async fn silence() {
    let rig = Rig::with(SessionsConfig { proof_window: SHORT, ..settings() }).await;
    let (id, connection) = rig.online("ana").await;
    connection.be_silent_for(PATIENCE.as_secs());
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    assert!(connection.is_closed());
    assert!(rig.states(&id).await.contains(&"stalled".to_owned()));
}
