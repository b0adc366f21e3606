//! A full disk: said to whoever asks, made up for when there is space again, and no other session's business.

use crate::rig::{Rig, by_qr, inbound, text};
use enlace_domain::event::Event;
use enlace_domain::message::Status;
use enlace_domain::port::inbox::{ConnectionEvent, InboxError};
use enlace_domain::port::store::StoreError;
use enlace_domain::session::{RemoteUnlink, StateName};
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::{GatewayError, PatchSession, SendMessage, SessionsConfig};
use std::sync::Arc;
use std::time::Duration;

const PEER: &str = "999100000002";

fn named(name: &str) -> PatchSession {
    PatchSession { name: Some(Some(name.to_owned())), ..PatchSession::default() }
}

fn assert_full(error: &GatewayError) {
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "disk-full"));
}

#[tokio::test]
async fn what_a_full_disk_refuses_is_said_and_stored_when_there_is_space() {
    let rig = Rig::new().await;
    let (ana, connection) = rig.online("ana").await;
    let (bea, other) = rig.online("bea").await;
    let before = rig.events().await.len();
    rig.disk.fill(&ana);
    assert_full(&rig.gateway.patch_session(&ana, named("Ana")).await.unwrap_err());
    assert_full(&rig.gateway.send_message(&ana, text(PEER, "hello")).await.unwrap_err());
    assert!(matches!(
        connection.deliver(inbound("A1", "hi")).await,
        Err(InboxError::Store(StoreError::Full))
    ));
    connection.lose("stream-ended").await;
    // What is, is readable, stored or not.
    while rig.state(&ana).state.name == StateName::Online {
        tokio::task::yield_now().await;
    }
    // No other session hears of it.
    rig.gateway.patch_session(&bea, named("Bea")).await.unwrap();
    other.deliver(inbound("B1", "hi")).await.unwrap();
    let sent = rig.gateway.send_message(&bea, text(PEER, "hello")).await.unwrap();
    assert_eq!(sent.message.status, Status::Sent);
    let of_ana = |events: &[Arc<Event>]| events.iter().skip(before).filter(|e| e.session == ana).count();
    assert_eq!(of_ana(&rig.events().await), 0);

    rig.disk.free();
    let mut events = rig.events_from(0).await;
    let told = async {
        loop {
            let batch = events.next().await.unwrap();
            if batch.iter().any(|e| e.session == ana && e.data["state"]["name"] == "reconnecting") {
                return;
            }
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, told).await.expect("what was refused is never told");
    let rig = rig.restart().await;
    assert_eq!(rig.state(&ana).name.as_deref(), Some("Ana"));
}

#[tokio::test]
async fn a_link_that_cannot_be_stored_is_refused_and_begins_when_there_is_space() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    rig.disk.fill(&id);
    assert_full(&rig.gateway.link(&id, by_qr()).await.unwrap_err());
    assert_eq!(rig.state(&id).state.reason.as_deref(), Some("storage-failed"));
    assert!(!rig.network.has_unseen_connection().await, "no keys of an earlier attempt may be used");
    rig.disk.free();
    rig.begin_qr(&id).await;
    assert_eq!(rig.state(&id).state.name, StateName::AwaitingScan);
}

#[tokio::test]
async fn a_message_whose_acknowledgement_cannot_be_stored_goes_again_under_its_id() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.hold_sends();
    let request = SendMessage { wait: Duration::from_millis(1), ..text(PEER, "hello") };
    let queued = rig.gateway.send_message(&id, request).await.unwrap().message;
    assert_eq!(connection.next_sent().await.wa_id, queued.wa_id);
    rig.disk.fill(&id);
    connection.release_sends();
    assert_eq!(connection.next_sent().await.wa_id, queued.wa_id);
    assert_eq!(rig.gateway.message(&id, &queued.id).await.unwrap().status, Status::Queued);
    rig.disk.free();
    rig.wait_for_event("message.sent").await;
    assert_eq!(rig.gateway.message(&id, &queued.id).await.unwrap().status, Status::Sent);
}

#[tokio::test]
async fn a_phone_that_accepted_while_the_disk_was_full_is_told_when_there_is_space() {
    let soon = Duration::from_millis(20);
    let config =
        SessionsConfig { unlink_retry_first: soon, unlink_retry_max: soon, ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    rig.disk.fill(&id);
    connection.tell(ConnectionEvent::PairedUnkept { keys: "keys that nobody keeps".into() }).await;
    let session = rig.wait_for_unstored(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("storage-failed"));
    assert_eq!(session.state.remote_unlink, Some(RemoteUnlink::Pending));
    assert!(rig.network.forgotten().is_empty());
    rig.disk.free();
    let told = async {
        while rig.state(&id).state.remote_unlink != Some(RemoteUnlink::Done) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, told).await.expect("the network is never told");
    assert_eq!(rig.network.forgotten(), ["keys that nobody keeps"]);
}
