//! Links by QR and by code, told by a network in memory.

use crate::rig::{Rig, by_code, by_qr, forced};
use enlace_domain::Fault;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::whatsapp::{EngineError, Identity};
use enlace_domain::session::{Network, RemoteUnlink, StateName};
use enlace_sessions::{GatewayError, LinkRequest, SessionsConfig};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

fn code_of(error: &GatewayError) -> &'static str {
    error.code()
}

#[tokio::test]
async fn a_link_by_qr_goes_through_every_state_in_order() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    let expected = [
        "unlinked",
        "connecting",
        "awaiting_scan",
        "pairing:accepted",
        "pairing:restarting",
        "pairing:connecting",
        "pairing:syncing",
        "online",
    ];
    assert_eq!(rig.states(&id).await, expected);
    let session = rig.state(&id);
    assert!(session.linked);
    assert_eq!(session.phone.as_ref().unwrap().as_str(), "999100000001");
    assert_eq!(session.push_name.as_deref(), Some("Ana"));
}

#[tokio::test]
async fn two_askers_at_once_make_one_flow_and_both_are_served() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let ask = || {
        let (gateway, id) = (Arc::clone(&rig.gateway), id.clone());
        tokio::spawn(async move { gateway.link(&id, by_qr()).await })
    };
    let (first, second) = (ask(), ask());
    let connection = rig.network.next_connection().await;
    connection.show_qr("payload").await;
    for asker in [first, second] {
        let answer = asker.await.unwrap().unwrap();
        assert_eq!(answer.qr.unwrap().payload.expose_secret(), "payload");
    }
    assert!(!rig.network.has_unseen_connection().await);
}

#[tokio::test]
async fn every_rotation_is_an_event_and_the_newest_qr_is_served() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.show_qr("second").await;
    let mut reader = rig.events_from(0).await;
    let mut seqs = Vec::new();
    while seqs.len() < 2 {
        let batch = tokio::time::timeout(crate::rig::PATIENCE, reader.next()).await.unwrap().unwrap();
        seqs.extend(
            batch.iter().filter(|e| e.kind.as_str() == "session.qr").map(|e| e.data["seq"].as_u64().unwrap()),
        );
    }
    assert_eq!(seqs, [1, 2]);
    let qr = rig.gateway.qr(&id, Duration::ZERO).await.unwrap();
    assert_eq!((qr.seq, qr.payload.expose_secret()), (2, "second"));
    let stored = format!("{:?}", rig.events().await);
    assert!(!stored.contains("second") && !stored.contains("first"), "a payload is in a stored event");
}

#[tokio::test]
async fn a_look_without_a_qr_in_time_is_a_timeout_and_never_an_empty_success() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let error = rig.gateway.qr(&id, Duration::ZERO).await.unwrap_err();
    assert_eq!(code_of(&error), "no-qr-from-network");
    assert_eq!(rig.state(&id).state.name, StateName::Connecting);
}

#[tokio::test]
async fn a_linked_session_asked_for_a_qr_is_refused_and_its_link_untouched() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    for error in [
        rig.gateway.qr(&id, crate::rig::PATIENCE).await.unwrap_err(),
        rig.gateway.link(&id, by_qr()).await.unwrap_err(),
        rig.gateway.link(&id, by_code("999100000001")).await.unwrap_err(),
    ] {
        assert_eq!(code_of(&error), "already-linked");
    }
    assert_eq!(rig.state(&id).state.name, StateName::Online);
    assert!(!connection.is_logged_out() && !connection.is_closed());
}

#[tokio::test]
async fn a_code_is_answered_after_the_network_accepted_it_and_a_live_one_is_given_again() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let first = rig.gateway.link(&id, by_code("+999 100 000-002")).await.unwrap().code.unwrap();
    assert_eq!(first.display().expose_secret(), "ABCD-1234");
    assert_eq!(first.phone.as_str(), "999100000002");
    let again = rig.gateway.link(&id, by_code("999100000002")).await.unwrap().code.unwrap();
    assert_eq!((again.seq, again.expires_at), (first.seq, first.expires_at));
    let connection = rig.network.next_connection().await;
    assert_eq!(connection.codes_asked().len(), 1);
    rig.wait_for(&id, StateName::AwaitingCode).await;
    let other = rig.gateway.link(&id, by_code("999100000003")).await.unwrap().code.unwrap();
    assert_eq!(other.phone.as_str(), "999100000003");
    assert_eq!(connection.codes_asked().len(), 2);
}

#[tokio::test]
async fn a_code_survives_a_lost_connection_with_the_same_characters() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let code = rig.gateway.link(&id, by_code("999100000002")).await.unwrap().code.unwrap();
    let first = rig.network.next_connection().await;
    rig.wait_for(&id, StateName::AwaitingCode).await;
    first.lose("stream-ended").await;
    let second = rig.network.next_connection().await;
    rig.wait_for(&id, StateName::AwaitingCode).await;
    let (_, characters) = second.codes_asked().pop().unwrap();
    assert_eq!(characters.unwrap().expose_secret(), code.code.expose_secret());
    let renewed = |e: &Arc<enlace_domain::event::Event>| e.data["status"] == "renewed";
    assert!(rig.events().await.iter().any(renewed));
}

#[tokio::test]
async fn a_refused_code_says_what_the_network_said() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let connection = rig.begin_qr(&id).await;
    connection.answer_code(Err(EngineError::CodeRefused { reason: "429".to_owned(), retry_after: Some(60) }));
    let error = rig.gateway.link(&id, by_code("999100000002")).await.unwrap_err();
    assert_eq!((code_of(&error), error.retry_after()), ("code-refused", Some(60)));
    // The QR beside it lives on.
    assert_eq!(rig.gateway.qr(&id, Duration::ZERO).await.unwrap().seq, 1);
}

#[tokio::test]
async fn a_code_without_a_phone_needs_an_earlier_link() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let request = LinkRequest { phone: None, ..by_code("999100000002") };
    assert_eq!(code_of(&rig.gateway.link(&id, request.clone()).await.unwrap_err()), "phone-required");
    let (id, _connection) = rig.online("ana").await;
    rig.gateway.logout_session(&id).await.unwrap();
    let code = rig.gateway.link(&id, request).await.unwrap().code.unwrap();
    assert_eq!(code.phone.as_str(), "999100000001");
}

#[tokio::test]
async fn force_unlinks_tells_the_network_and_begins_in_one_step() {
    let rig = Rig::new().await;
    let (id, old) = rig.online("ana").await;
    let askers: Vec<_> = (0..10)
        .map(|_| {
            let (gateway, id) = (Arc::clone(&rig.gateway), id.clone());
            tokio::spawn(async move { gateway.link(&id, forced(by_qr())).await })
        })
        .collect();
    let fresh = rig.network.next_connection().await;
    fresh.show_qr("fresh").await;
    for asker in askers {
        assert_eq!(asker.await.unwrap().unwrap().qr.unwrap().payload.expose_secret(), "fresh");
    }
    assert!(old.is_logged_out());
    assert!(!fresh.request.linked);
    assert!(!rig.network.has_unseen_connection().await, "ten forces made more than one flow");
}

#[tokio::test]
async fn an_unreachable_network_ends_in_a_state_and_a_typed_answer() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let asker = tokio::spawn(async move { gateway.qr(&asked, crate::rig::PATIENCE).await });
    for _ in 0..4 {
        rig.network.next_connection().await.lose("dial-failed").await;
    }
    let error = asker.await.unwrap().unwrap_err();
    assert_eq!(code_of(&error), "network-unreachable");
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unreachable"));
}

#[tokio::test]
async fn a_refused_certificate_is_not_dialled_again() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let asker = tokio::spawn(async move { gateway.qr(&asked, crate::rig::PATIENCE).await });
    rig.network.next_connection().await.lose("certificate-refused").await;
    assert_eq!(code_of(&asker.await.unwrap().unwrap_err()), "network-unreachable");
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
    assert_eq!(code_of(&rig.gateway.qr(&id, crate::rig::PATIENCE).await.unwrap_err()), "link-expired");
    let connection = rig.begin_qr(&id).await;
    assert!(!connection.request.linked);
    assert_eq!(rig.gateway.qr(&id, Duration::ZERO).await.unwrap().seq, 2);
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
        let batch = tokio::time::timeout(crate::rig::PATIENCE, reader.next()).await.unwrap().unwrap();
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
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let asker =
        tokio::spawn(async move { gateway.link(&asked, LinkRequest { expect_phone, ..by_qr() }).await });
    let connection = rig.network.next_connection().await;
    connection.show_qr("payload").await;
    asker.await.unwrap().unwrap();
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
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let asker = tokio::spawn(async move { gateway.qr(&asked, crate::rig::PATIENCE).await });
    let connection = rig.network.next_connection().await;
    rig.gateway.stop_session(&id).await.unwrap();
    assert_eq!(code_of(&asker.await.unwrap().unwrap_err()), "link-interrupted");
    assert!(connection.is_closed());
    assert_eq!(rig.state(&id).state.name, StateName::Stopped);
}

#[tokio::test]
async fn a_network_that_is_not_configured_is_said_at_creation_and_rests_at_a_start() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    rig.network.withdraw(Network::Whatsapp);
    let refused = rig.gateway.create_session(enlace_sessions::CreateSession::default()).await.unwrap_err();
    assert_eq!(code_of(&refused), "network-unavailable");
    let rig = rig.restart().await;
    let session = rig.wait_for(&id, StateName::Stopped).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unavailable"));
    assert_eq!(session.desired, enlace_domain::session::Desired::Running);
    assert_eq!(code_of(&rig.gateway.start_session(&id).await.unwrap_err()), "network-unavailable");
}

#[tokio::test]
async fn an_expected_phone_is_remembered_over_a_restart() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let (gateway, asked) = (Arc::clone(&rig.gateway), id.clone());
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let asker =
        tokio::spawn(async move { gateway.link(&asked, LinkRequest { expect_phone, ..by_qr() }).await });
    let connection = rig.network.next_connection().await;
    connection.show_qr("payload").await;
    asker.await.unwrap().unwrap();
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
async fn a_code_for_another_phone_replaces_one_that_is_still_being_asked_for() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let connection = rig.begin_qr(&id).await;
    connection.hold_codes();
    let ask = |phone: &'static str| {
        let (gateway, id) = (Arc::clone(&rig.gateway), id.clone());
        tokio::spawn(async move { gateway.link(&id, by_code(phone)).await })
    };
    let first = ask("999100000002");
    while connection.codes_asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = ask("999100000003");
    assert_eq!(code_of(&first.await.unwrap().unwrap_err()), "code-replaced");
    while connection.codes_asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    connection.release_codes();
    assert_eq!(second.await.unwrap().unwrap().code.unwrap().phone.as_str(), "999100000003");
}

#[tokio::test]
async fn a_live_code_outlasts_many_lost_connections() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    rig.gateway.link(&id, by_code("999100000002")).await.unwrap();
    for _ in 0..5 {
        let connection = rig.network.next_connection().await;
        connection.hold_codes();
        connection.lose("dial-failed").await;
    }
    let connection = rig.network.next_connection().await;
    rig.wait_for(&id, StateName::AwaitingCode).await;
    assert_eq!(connection.codes_asked().len(), 1);
}

#[tokio::test]
async fn a_code_that_dies_with_its_link_says_so() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    rig.gateway.link(&id, by_code("999100000002")).await.unwrap();
    rig.gateway.stop_session(&id).await.unwrap();
    let events = rig.events().await;
    let dead = events.iter().find(|event| event.data["status"] == "dead").unwrap();
    assert_eq!((&dead.data["seq"], &dead.data["reason"]), (&1.into(), &"link-interrupted".into()));
}

#[tokio::test]
async fn a_network_that_shows_nothing_is_dialled_anew_and_given_up() {
    let config = SessionsConfig { first_qr_within: Duration::from_millis(50), ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let id = rig.create("ana").await;
    assert_eq!(code_of(&rig.gateway.qr(&id, crate::rig::PATIENCE).await.unwrap_err()), "network-unreachable");
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("network-unreachable"));
}
