//! Linked sessions: losses, ends, restarts, panics.

use crate::rig::{Rig, by_code, by_qr, forced};
use chrono::Utc;
use enlace_domain::Fault;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::Store;
use enlace_domain::port::inbox::EndReason;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::session::{Network, RemoteUnlink, StateName};
use enlace_sessions::{LinkRequest, SessionsConfig};
use std::time::Duration;

fn quick() -> SessionsConfig {
    SessionsConfig { reconnect_first: Duration::from_millis(5), ..SessionsConfig::default() }
}

#[tokio::test]
async fn a_lost_session_says_why_and_dials_again_with_its_keys() {
    let rig = Rig::with(quick()).await;
    let (id, connection) = rig.online("ana").await;
    connection.lose("stream-ended").await;
    let session = rig.wait_for(&id, StateName::Reconnecting).await;
    assert_eq!(session.state.reason.as_deref(), Some("stream-ended"));
    assert_eq!(session.state.attempt, Some(1));
    assert!(session.state.retry_at.is_some());
    let again = rig.network.next_connection().await;
    assert!(again.request.linked);
    again.lose("dial-failed").await;
    let third = rig.network.next_connection().await;
    assert_eq!(rig.state(&id).state.attempt, Some(2));
    third.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn a_session_unlinked_by_its_phone_keeps_its_record_and_rests() {
    let rig = Rig::with(quick()).await;
    let (id, connection) = rig.online("ana").await;
    connection.end(EndReason::LoggedOut { reason: "device-removed".to_owned() }).await;
    let session = rig.wait_for(&id, StateName::LoggedOut).await;
    assert_eq!(session.state.reason.as_deref(), Some("device-removed"));
    assert!(!session.linked);
    assert_eq!(session.phone.as_ref().unwrap().as_str(), "999100000001");
    assert_eq!(rig.gateway.start_session(&id).await.unwrap_err().code(), "link-required");
    // Long enough for one that would dial again.
    let other = rig.create("bea").await;
    rig.begin_qr(&other).await;
    assert!(!rig.network.has_unseen_connection().await);
}

#[tokio::test]
async fn a_replaced_session_never_fights() {
    let rig = Rig::with(quick()).await;
    let (id, connection) = rig.online("ana").await;
    connection.end(EndReason::Replaced).await;
    rig.wait_for(&id, StateName::Replaced).await;
    let rig = rig.restart().await;
    assert_eq!(rig.state(&id).state.name, StateName::Replaced);
    assert!(!rig.network.has_unseen_connection().await);
    rig.gateway.start_session(&id).await.unwrap();
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn a_restricted_session_rests_until_its_time_and_dials_then() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let until = Utc::now() + chrono::TimeDelta::milliseconds(300);
    connection.end(EndReason::Restricted { reason: "temporary-ban".to_owned(), until: Some(until) }).await;
    let session = rig.wait_for(&id, StateName::Restricted).await;
    assert_eq!(session.state.reason.as_deref(), Some("temporary-ban"));
    assert!(session.state.until.is_some());
    assert_eq!(rig.gateway.link(&id, by_qr()).await.unwrap_err().code(), "session-restricted");
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn linked_sessions_resume_after_a_restart_and_stopped_ones_do_not() {
    let rig = Rig::new().await;
    let (running, _connection) = rig.online("ana").await;
    let (stopped, connection) = rig.online("bea").await;
    rig.gateway.stop_session(&stopped).await.unwrap();
    assert!(connection.is_closed() && !connection.is_logged_out());
    let rig = rig.restart().await;
    let connection = rig.network.next_connection().await;
    assert_eq!(connection.request.session, running);
    assert!(connection.request.linked);
    connection.go_online().await;
    rig.wait_for(&running, StateName::Online).await;
    assert_eq!(rig.state(&stopped).state.name, StateName::Stopped);
    assert!(!rig.network.has_unseen_connection().await);
    rig.gateway.start_session(&stopped).await.unwrap();
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&stopped, StateName::Online).await;
}

#[tokio::test]
async fn a_logout_offline_is_done_here_and_says_that_the_network_does_not_know() {
    let config = SessionsConfig { unlink_within: Duration::from_millis(200), ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let (id, connection) = rig.online("ana").await;
    connection.lose("stream-ended").await;
    rig.wait_for(&id, StateName::Reconnecting).await;
    let session = rig.gateway.logout_session(&id).await.unwrap();
    assert_eq!(session.state.name, StateName::LoggedOut);
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Pending));
}

#[tokio::test]
async fn delete_unlinks_and_removes_and_keep_link_only_removes() {
    let rig = Rig::new().await;
    let (first, connection) = rig.online("ana").await;
    rig.gateway.delete_session(&first, false).await.unwrap();
    assert!(connection.is_logged_out());
    assert_eq!(rig.gateway.session(&first).unwrap_err().code(), "session-not-found");
    let (second, connection) = rig.online("bea").await;
    rig.gateway.delete_session(&second, true).await.unwrap();
    assert!(!connection.is_logged_out() && connection.is_closed());
    let last = rig.events().await.pop().unwrap();
    assert_eq!((last.kind.as_str(), &last.session), ("session.deleted", &second));
    // The id is free again, and its events go on counting.
    let (again, _connection) = rig.online("bea").await;
    let events = rig.events().await;
    let mine: Vec<u64> = events.iter().filter(|e| e.session == again).map(|e| e.session_seq).collect();
    assert_eq!(mine, (1..=mine.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_panic_in_one_session_touches_no_other_and_is_healed() {
    let rig = Rig::with(quick()).await;
    let (healthy, _connection) = rig.online("ana").await;
    let (ill, connection) = rig.online("bea").await;
    rig.network.panic_once();
    connection.lose("stream-ended").await;
    rig.wait_for(&ill, StateName::Reconnecting).await;
    let healed = rig.network.next_connection().await;
    assert_eq!(healed.request.session, ill);
    healed.go_online().await;
    rig.wait_for(&ill, StateName::Online).await;
    assert_eq!(rig.state(&healthy).state.name, StateName::Online);
}

#[tokio::test]
async fn silence_is_not_online() {
    let config = SessionsConfig { proof_window: Duration::from_secs(4), ..quick() };
    let rig = Rig::with(config).await;
    let (id, connection) = rig.online("ana").await;
    connection.be_silent_for(600);
    rig.wait_for(&id, StateName::Reconnecting).await;
    let states = rig.states(&id).await;
    assert!(states.contains(&"stalled".to_owned()), "{states:?}");
    assert!(connection.is_closed());
}

#[tokio::test]
async fn a_stop_or_patch_is_answered_while_a_send_waits_for_its_ack() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.hold_sends();
    let (gateway, asked) = (rig.gateway.clone(), id.clone());
    let sender =
        tokio::spawn(
            async move { gateway.send_message(&asked, crate::rig::text("999100000002", "hello")).await },
        );
    connection.next_sent().await;
    let patch = enlace_sessions::PatchSession { name: Some(Some("Ana".to_owned())), ..Default::default() };
    let session = rig.gateway.patch_session(&id, patch).await.unwrap();
    assert_eq!(session.name.as_deref(), Some("Ana"));
    connection.release_sends();
    sender.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_restriction_ends_at_its_time_also_after_a_restart() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let until = Utc::now() + chrono::TimeDelta::milliseconds(500);
    connection.end(EndReason::Restricted { reason: "temporary-ban".to_owned(), until: Some(until) }).await;
    rig.wait_for(&id, StateName::Restricted).await;
    let rig = rig.restart().await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    assert!(Utc::now() >= until, "it dialled before the restriction ended");
}

#[tokio::test]
async fn a_login_that_never_ends_is_dialled_anew() {
    let rig = Rig::with(quick()).await;
    let (id, _connection) = rig.online("ana").await;
    let config = SessionsConfig { login_within: Duration::from_millis(1_500), ..quick() };
    let rig = rig.restart_with(config).await;
    let hung = rig.network.next_connection().await;
    let next = rig.network.next_connection().await;
    assert!(hung.is_closed());
    next.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    let told = rig.events().await;
    assert!(told.iter().any(|event| event.data["state"]["reason"] == "login-timeout"));
}

#[tokio::test]
async fn a_link_that_cannot_be_made_costs_no_link_that_stands() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    rig.network.withdraw(Network::Whatsapp);
    let rig = rig.restart().await;
    assert_eq!(
        rig.wait_for(&id, StateName::Stopped).await.state.reason.as_deref(),
        Some("network-unavailable")
    );
    for request in [by_qr(), forced(by_qr()), forced(by_code("999100000001"))] {
        assert_eq!(rig.gateway.link(&id, request).await.unwrap_err().code(), "network-unavailable");
    }
    let session = rig.state(&id);
    assert!(session.linked, "{:?}", session.state);
    assert_eq!(session.state.name, StateName::Stopped);
}

#[tokio::test]
async fn a_session_stopped_while_it_waits_for_its_turn_does_not_dial() {
    let rig = Rig::with(SessionsConfig { resume_parallel: 1, ..quick() }).await;
    let (first, _connection) = rig.online("ana").await;
    let (second, _connection) = rig.online("bea").await;
    let rig = rig.restart().await;
    let dialling = rig.network.next_connection().await;
    let waiting = if dialling.request.session == first { second } else { first };
    rig.gateway.stop_session(&waiting).await.unwrap();
    // Its turn comes now; a third session after it in the queue shows that it was passed over.
    dialling.go_online().await;
    rig.wait_for(&dialling.request.session, StateName::Online).await;
    let third = rig.create("cleo").await;
    rig.begin_qr(&third).await;
    let stopped = rig.state(&waiting);
    assert_eq!(stopped.state.name, StateName::Stopped);
    assert!(!rig.network.has_unseen_connection().await);
    rig.gateway.start_session(&waiting).await.unwrap();
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&waiting, StateName::Online).await;
}

#[tokio::test]
async fn the_wrong_phone_is_not_forgotten_over_a_stop_and_a_restart() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let expecting =
        LinkRequest { expect_phone: Some(PhoneNumber::parse("999777777777").unwrap()), ..by_qr() };
    let connection = rig.begin(&id, expecting).await;
    connection.pair("999100000001").await;
    rig.network.next_connection().await;
    rig.gateway.stop_session(&id).await.unwrap();
    let rig = rig.restart().await;
    rig.wait_for(&id, StateName::Stopped).await;
    rig.gateway.start_session(&id).await.unwrap();
    let login = rig.network.next_connection().await;
    login.go_online().await;
    let session = rig.wait_for(&id, StateName::LoggedOut).await;
    assert_eq!(session.state.reason.as_deref(), Some("unexpected-phone"));
    assert!(login.is_logged_out());
}

#[tokio::test]
async fn a_code_that_takes_too_long_is_not_told_as_a_missing_qr() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    rig.begin_qr(&id).await.hold_codes();
    let request = LinkRequest { wait: Duration::ZERO, ..by_code("999100000001") };
    assert_eq!(rig.gateway.link(&id, request).await.unwrap_err().code(), "network-timeout");
}

#[tokio::test]
async fn a_refused_version_is_tried_again_by_itself_and_at_once_after_a_restart() {
    let rig = Rig::with(quick()).await;
    let (id, connection) = rig.online("ana").await;
    connection.end(EndReason::VersionRefused).await;
    let session = rig.wait_for(&id, StateName::Restricted).await;
    assert_eq!(session.state.reason.as_deref(), Some("version-refused"));
    let pause = (session.state.until.unwrap() - session.state.since).num_seconds();
    assert!((60..=3600).contains(&pause), "{pause} s");
    let other = rig.create("bea").await;
    rig.begin_qr(&other).await;
    assert!(!rig.network.has_unseen_connection().await);
    rig.gateway.stop_session(&other).await.unwrap();
    // Earlier releases kept no time.
    let mut stored = rig.disk.inner.session(&id).await.unwrap().unwrap();
    stored.state.until = None;
    let change = Change::SaveSession(Box::new(stored));
    rig.disk.inner.commit(vec![Entry { change, event: None }]).await.unwrap();
    // It may come with another version.
    let rig = rig.restart().await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn a_restriction_that_is_over_already_is_no_reason_to_dial_over_and_over() {
    let first = Duration::from_millis(50);
    let rig = Rig::with(SessionsConfig { reconnect_first: first, ..SessionsConfig::default() }).await;
    let (id, mut connection) = rig.online("ana").await;
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let until = Some(Utc::now() - chrono::TimeDelta::seconds(5));
        connection.end(EndReason::Restricted { reason: "temporary-ban".to_owned(), until }).await;
        let session = rig.wait_for(&id, StateName::Restricted).await;
        pauses.push((session.state.until.unwrap() - session.state.since).num_milliseconds());
        connection = rig.network.next_connection().await;
        connection.go_online().await;
        rig.wait_for(&id, StateName::Online).await;
    }
    assert!(pauses[0] >= 30 && pauses[3] >= 300, "{pauses:?}");
}
