//! Links by QR, told by a network in memory.

use crate::rig::{PATIENCE, Rig, by_code, by_qr, forced};
use enlace_domain::Fault;
use enlace_domain::session::StateName;
use secrecy::ExposeSecret;
use std::time::Duration;

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
    let (first, second) = (rig.asks(&id, by_qr()), rig.asks(&id, by_qr()));
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
        let batch = tokio::time::timeout(PATIENCE, reader.next()).await.unwrap().unwrap();
        seqs.extend(
            batch.iter().filter(|e| e.kind.as_str() == "session.qr").map(|e| e.data["seq"].as_u64().unwrap()),
        );
    }
    assert_eq!(seqs, [1, 2]);
    let qr = rig.gateway.qr(&id, PATIENCE).await.unwrap();
    assert_eq!((qr.seq, qr.payload.expose_secret()), (2, "second"));
    let stored = format!("{:?}", rig.events().await);
    assert!(!stored.contains("second") && !stored.contains("first"), "a payload is in a stored event");
}

#[tokio::test]
async fn a_look_without_a_qr_in_time_is_a_timeout_and_never_an_empty_success() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let error = rig.gateway.qr(&id, Duration::ZERO).await.unwrap_err();
    assert_eq!(error.code(), "no-qr-from-network");
    assert_eq!(rig.state(&id).state.name, StateName::Connecting);
}

#[tokio::test]
async fn a_linked_session_asked_for_a_qr_is_refused_and_its_link_untouched() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    for error in [
        rig.gateway.qr(&id, PATIENCE).await.unwrap_err(),
        rig.gateway.link(&id, by_qr()).await.unwrap_err(),
        rig.gateway.link(&id, by_code("999100000001")).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "already-linked");
    }
    assert_eq!(rig.state(&id).state.name, StateName::Online);
    assert!(!connection.is_logged_out() && !connection.is_closed());
}

#[tokio::test]
async fn force_unlinks_tells_the_network_and_begins_in_one_step() {
    let rig = Rig::new().await;
    let (id, old) = rig.online("ana").await;
    let askers: Vec<_> = (0..10).map(|_| rig.asks(&id, forced(by_qr()))).collect();
    let fresh = rig.network.next_connection().await;
    fresh.show_qr("fresh").await;
    for asker in askers {
        assert_eq!(asker.await.unwrap().unwrap().qr.unwrap().payload.expose_secret(), "fresh");
    }
    assert!(old.is_logged_out());
    assert!(!fresh.request.linked);
    assert!(!rig.network.has_unseen_connection().await, "ten forces made more than one flow");
}
