//! A QR is shown as long as somebody looks, and restrictions and refusals of a link end by themselves.

use crate::rig::{Rig, by_code, by_qr};
use chrono::{TimeDelta, Utc};
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::session::{RemoteUnlink, StateName};
use enlace_sessions::{LinkRequest, SessionsConfig};
use std::time::Duration;

fn short_sighted() -> SessionsConfig {
    SessionsConfig { watch_window: Duration::from_millis(50), ..SessionsConfig::default() }
}

#[tokio::test]
async fn a_qr_that_nobody_looks_at_any_more_goes_before_its_own_end() {
    let rig = Rig::with(short_sighted()).await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("nobody-watching"));
    assert!(connection.is_closed());
    assert!(rig.gateway.session(&id).unwrap().qr.is_none(), "a dead QR is still served");
}

#[tokio::test]
async fn after_silence_a_look_begins_afresh() {
    let rig = Rig::with(SessionsConfig { watch_window: Duration::ZERO, ..SessionsConfig::default() }).await;
    let id = rig.create("ana").await;
    rig.begin_qr(&id).await;
    rig.wait_for(&id, StateName::LinkExpired).await;
    let asker = rig.looks(&id);
    rig.network.next_connection().await.show_qr("fresh").await;
    assert_eq!(asker.await.unwrap().unwrap().seq, 2);
}

#[tokio::test]
async fn a_stream_keeps_the_qrs_coming_until_it_ends() {
    let rig = Rig::with(short_sighted()).await;
    let id = rig.create("ana").await;
    let stream = rig.gateway.watch(&id).unwrap();
    let connection = rig.begin_qr(&id).await;
    for number in 2..=4_u64 {
        connection.show_qr(&format!("number {number}")).await;
        let mut events = rig.events_from(0).await;
        while !events.next().await.unwrap().iter().any(|event| event.data["seq"] == number) {}
    }
    assert_eq!(rig.state(&id).state.name, StateName::AwaitingScan);
    drop(stream);
    connection.show_qr("number 5").await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("nobody-watching"));
}

#[tokio::test]
async fn nobody_has_to_look_while_a_code_lives() {
    let rig = Rig::with(short_sighted()).await;
    let id = rig.create("bruno").await;
    let stream = rig.gateway.watch(&id).unwrap();
    let connection = rig.begin_qr(&id).await;
    rig.gateway.link(&id, by_code("999100000002")).await.unwrap();
    drop(stream);
    connection.show_qr("second").await;
    connection.show_qr("third").await;
    connection.pair("999100000002").await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn an_unexpected_phone_is_unlinked_at_its_login_and_never_shown_online() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let expect_phone = Some(PhoneNumber::parse("999100000009").unwrap());
    let connection = rig.begin(&id, LinkRequest { expect_phone, ..by_qr() }).await;
    connection.pair("999100000001").await;
    let login = rig.network.next_connection().await;
    login.tell(ConnectionEvent::LoggedIn).await;
    let session = rig.wait_for(&id, StateName::LoggedOut).await;
    assert_eq!(session.state.reason.as_deref(), Some("unexpected-phone"));
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Done), "it did not wait for the first sync");
    assert_eq!((&session.phone, &session.push_name), (&None, &None));
    assert!(!rig.states(&id).await.contains(&"online".to_owned()));
}

#[tokio::test]
async fn a_device_that_the_network_does_not_know_any_more_needs_no_unlinking() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.lose("stream-ended").await;
    rig.wait_for(&id, StateName::Reconnecting).await;
    let (gateway, asked) = (rig.gateway.clone(), id.clone());
    let logout = tokio::spawn(async move { gateway.logout_session(&asked).await });
    let login = rig.network.next_connection().await;
    login.end(EndReason::LoggedOut { reason: "login-refused".to_owned() }).await;
    let session = logout.await.unwrap().unwrap();
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Done));
}

#[tokio::test]
async fn a_restriction_in_the_middle_of_a_link_ends_by_itself_too() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    let until = Utc::now() + TimeDelta::milliseconds(400);
    connection.end(EndReason::Restricted { reason: "temporary-ban".to_owned(), until: Some(until) }).await;
    rig.wait_for(&id, StateName::Restricted).await;
    let rig = rig.restart().await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("restriction-over"));
    assert!(Utc::now() >= until, "it ended early");
}
