//! Links that fail, are given up, or outlive a restart.

use crate::rig::{PATIENCE, Rig, by_code, by_qr};
use enlace_domain::Fault;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::Store;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::whatsapp::Identity;
use enlace_domain::session::{Network, RemoteUnlink, StateName};
use enlace_sessions::{LinkRequest, SessionsConfig};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn an_unreachable_network_ends_in_a_state_and_a_typed_answer() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    for _ in 0..4 {
        rig.network.next_connection().await.lose("dial-failed").await;
    }
    let error = asker.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "network-unreachable");
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unreachable"));
}

#[tokio::test]
async fn a_refused_certificate_is_not_dialled_again() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    rig.network.next_connection().await.lose("certificate-refused").await;
    assert_eq!(asker.await.unwrap().unwrap_err().code(), "network-unreachable");
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("certificate-refused"));
}

#[tokio::test]
async fn a_round_without_a_scan_rests_and_one_call_begins_afresh() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.tell(ConnectionEvent::QrsExhausted).await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("round-over"));
    assert!(connection.is_closed());
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap_err().code(), "link-expired");
    let connection = rig.begin_qr(&id).await;
    assert!(!connection.request.linked);
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap().seq, 2);
}

#[tokio::test]
async fn rotation_stops_when_nobody_looks() {
    let config = SessionsConfig { watch_window: Duration::ZERO, ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.show_qr("second").await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("nobody-watching"));
    let watched = rig.create("bea").await;
    let guard = rig.gateway.watch(&watched).unwrap();
    let connection = rig.begin_qr(&watched).await;
    connection.show_qr("second").await;
    connection.show_qr("third").await;
    let mut reader = rig.events_from(0).await;
    loop {
        let batch = tokio::time::timeout(PATIENCE, reader.next()).await.unwrap().unwrap();
        if batch.iter().any(|e| e.session == watched && e.data["seq"] == 3) {
            break;
        }
    }
    assert_eq!(rig.state(&watched).state.name, StateName::AwaitingScan);
    drop(guard);
}

#[tokio::test]
async fn a_phone_that_was_not_expected_is_unlinked_at_once() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let connection = rig.begin(&id, LinkRequest { expect_phone, ..by_qr() }).await;
    connection.pair("999100000001").await;
    let connection = rig.network.next_connection().await;
    connection.go_online().await;
    let session = rig.wait_for(&id, StateName::LoggedOut).await;
    assert_eq!(session.state.reason.as_deref(), Some("unexpected-phone"));
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Done));
    assert!(connection.is_logged_out() && !session.linked);
}

#[tokio::test]
async fn half_done_links_rest_after_a_restart_unless_the_pairing_was_stored() {
    let rig = Rig::new().await;
    let waiting = rig.create("ana").await;
    rig.begin_qr(&waiting).await;
    let stored = rig.create("bea").await;
    rig.begin_qr(&stored).await;
    let phone = PhoneNumber::parse("999100000005").unwrap();
    rig.network.remember(&stored, Identity { phone, lid: None, push_name: None });
    let rig = rig.restart().await;
    let session = rig.wait_for(&waiting, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("gateway-restarted"));
    let connection = rig.network.next_connection().await;
    assert!(connection.request.linked);
    connection.go_online().await;
    let session = rig.wait_for(&stored, StateName::Online).await;
    assert_eq!(session.phone.as_ref().unwrap().as_str(), "999100000005");
}

#[tokio::test]
async fn a_pairing_that_the_network_does_not_know_after_all_rests() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.pair("999100000001").await;
    let login = rig.network.next_connection().await;
    login.end(EndReason::LoggedOut { reason: "login-refused".to_owned() }).await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert!(!session.linked);
    assert_eq!(session.state.reason.as_deref(), Some("pairing-incomplete"));
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_link_tells_those_who_wait() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    let connection = rig.network.next_connection().await;
    rig.gateway.stop_session(&id).await.unwrap();
    assert_eq!(asker.await.unwrap().unwrap_err().code(), "link-interrupted");
    assert!(connection.is_closed());
    assert_eq!(rig.state(&id).state.name, StateName::Stopped);
}

#[tokio::test]
async fn a_network_that_is_not_configured_is_said_at_creation_and_rests_at_a_start() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    rig.network.withdraw(Network::Whatsapp);
    let refused = rig.gateway.create_session(enlace_sessions::CreateSession::default()).await.unwrap_err();
    assert_eq!(refused.code(), "network-unavailable");
    let rig = rig.restart().await;
    let session = rig.wait_for(&id, StateName::Stopped).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unavailable"));
    assert_eq!(session.desired, enlace_domain::session::Desired::Running);
    assert_eq!(rig.gateway.start_session(&id).await.unwrap_err().code(), "network-unavailable");
}

#[tokio::test]
async fn an_expected_phone_is_remembered_over_a_restart() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let connection = rig.begin(&id, LinkRequest { expect_phone, ..by_qr() }).await;
    let phone = PhoneNumber::parse("999100000005").unwrap();
    connection.tell(ConnectionEvent::Paired { phone, lid: None, business_name: None }).await;
    rig.wait_for(&id, StateName::Pairing).await;
    let rig = rig.restart().await;
    let login = rig.network.next_connection().await;
    login.go_online().await;
    let session = rig.wait_for(&id, StateName::LoggedOut).await;
    assert_eq!(session.state.reason.as_deref(), Some("unexpected-phone"));
    assert!(login.is_logged_out());
    assert_eq!(session.phone, None);
}

#[tokio::test]
async fn a_logout_between_the_acceptance_and_the_login_still_reaches_the_network() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    let phone = PhoneNumber::parse("999100000001").unwrap();
    connection.tell(ConnectionEvent::Paired { phone, lid: None, business_name: None }).await;
    rig.wait_for(&id, StateName::Pairing).await;
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let logout = tokio::spawn(async move { gateway.logout_session(&asked).await });
    connection.end(EndReason::RestartRequired).await;
    let login = rig.network.next_connection().await;
    login.go_online().await;
    let session = logout.await.unwrap().unwrap();
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Done));
    assert!(login.is_logged_out());
}

#[tokio::test]
async fn a_network_that_shows_nothing_is_dialled_anew_and_given_up() {
    let config = SessionsConfig { first_qr_within: Duration::from_millis(50), ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let id = rig.create("ana").await;
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap_err().code(), "network-unreachable");
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unreachable"));
}

#[tokio::test]
async fn after_a_failed_scan_the_link_goes_on_and_the_next_one_links() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin(&id, by_qr()).await;
    connection.fail_pairing("phone-not-verified", true).await;
    let session = rig.wait_for_reason(&id, "phone-not-verified").await;
    assert_eq!(session.state.name, StateName::AwaitingScan);
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap().seq, 1, "its QR is served on");
    connection.show_qr("second").await;
    assert!(!connection.is_closed());
    connection.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    let session = rig.wait_for(&id, StateName::Online).await;
    assert_eq!(session.state.reason, None);
}

#[tokio::test]
async fn after_a_failed_scan_a_live_code_lives_on() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let code = rig.gateway.link(&id, by_code("999100000002")).await.unwrap().code.unwrap();
    let connection = rig.network.next_connection().await;
    connection.fail_pairing("phone-not-verified", true).await;
    let session = rig.wait_for_reason(&id, "phone-not-verified").await;
    assert_eq!(session.state.name, StateName::AwaitingCode);
    let again = rig.gateway.link(&id, by_code("999100000002")).await.unwrap().code.unwrap();
    assert_eq!(again.seq, code.seq);
}

#[tokio::test]
async fn a_connection_that_ends_with_a_failed_scan_is_dialled_anew() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin(&id, by_qr()).await;
    connection.fail_pairing("phone-not-verified", true).await;
    connection.lose("stream-ended").await;
    let again = rig.network.next_connection().await;
    again.show_qr("fresh").await;
    rig.wait_for(&id, StateName::AwaitingScan).await;
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap().payload.expose_secret(), "fresh");
}

#[tokio::test]
async fn a_connection_that_shows_nothing_after_a_failed_scan_is_dialled_anew() {
    let config =
        SessionsConfig { first_qr_within: Duration::from_millis(1_500), ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let id = rig.create("ana").await;
    let asker = rig.looks(&id);
    let connection = rig.network.next_connection().await;
    connection.show_qr_for("first", Duration::from_millis(50)).await;
    asker.await.unwrap().unwrap();
    connection.fail_pairing("phone-not-verified", true).await;
    rig.wait_for_reason(&id, "phone-not-verified").await;
    let again = rig.network.next_connection().await;
    assert!(connection.is_closed() && !again.request.linked);
}

#[tokio::test]
async fn a_pairing_that_cannot_succeed_on_its_connection_ends_the_link() {
    let rig = Rig::new().await;
    for (name, reason) in [("ana", "storage-failed"), ("bea", "passkey-failed")] {
        let id = rig.create(name).await;
        let connection = rig.begin(&id, by_qr()).await;
        connection.fail_pairing(reason, false).await;
        let session = rig.wait_for(&id, StateName::LinkExpired).await;
        assert_eq!(session.state.reason.as_deref(), Some(reason));
        assert!(connection.is_closed() && !session.linked);
    }
}

#[tokio::test]
async fn who_looks_again_does_not_let_the_wrong_phone_in() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let mut connection = rig.begin(&id, LinkRequest { expect_phone, ..by_qr() }).await;
    for again in [true, false] {
        connection.pair("999100000001").await;
        rig.network.next_connection().await.go_online().await;
        rig.wait_for(&id, StateName::LoggedOut).await;
        if again {
            // A page goes on asking for the QR.
            let look = rig.looks(&id);
            connection = rig.network.next_connection().await;
            connection.show_qr("second").await;
            look.await.unwrap().unwrap();
        }
    }
    // A new request says anew which phone it is for: here, any.
    rig.begin_qr(&id).await.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn who_joins_a_link_may_say_which_phone_it_is_to_be_and_that_is_kept() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    rig.begin_qr(&id).await;
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    rig.gateway.link(&id, LinkRequest { expect_phone: expect_phone.clone(), ..by_qr() }).await.unwrap();
    let stored = rig.disk.inner.session(&id).await.unwrap().unwrap();
    assert_eq!(stored.expect_phone, expect_phone);
}
