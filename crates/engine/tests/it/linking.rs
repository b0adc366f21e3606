//! Linking by QR and by code.

use crate::support::{number, session, world, world_with};
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::{ConnectionEvent, EndReason, EngineError, WhatsApp};
use enlace_simulator::{Fault, FaultKind, SimulatorConfig, SimulatorError};
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_qr_leads_through_the_restart_to_online() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_, mut heard) = world.open("ana", false).await;
    assert!(matches!(heard.event().await, ConnectionEvent::Connected));
    let ConnectionEvent::Qr { payload, valid_for } = heard.event().await else { panic!("no QR") };
    assert!(valid_for > Duration::from_secs(5) && valid_for <= Duration::from_secs(6), "{valid_for:?}");
    assert_eq!(world.engine.identity(&session("ana")).await.unwrap(), None, "a placeholder is no identity");

    ana.scan(payload.expose_secret()).await.unwrap();
    let (phone, lid) = heard
        .find("paired", |event| match event {
            ConnectionEvent::Paired { phone, lid, .. } => Some((phone.clone(), lid.clone())),
            _ => None,
        })
        .await;
    assert_eq!(phone, number(&ana));
    assert_eq!(lid.unwrap().to_string(), ana.lid());
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    heard.assert_over().await;

    let (connection, mut heard) = world.open("ana", true).await;
    assert!(matches!(heard.event().await, ConnectionEvent::Connected));
    assert!(matches!(heard.event().await, ConnectionEvent::LoggedIn));
    assert_eq!(heard.online().await.as_deref(), Some("Ana"));
    assert!(connection.idle_seconds().is_some());
    let identity = world.engine.identity(&session("ana")).await.unwrap().unwrap();
    assert_eq!(identity.phone, number(&ana));
    assert_eq!(identity.push_name.as_deref(), Some("Ana"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qrs_follow_one_another_until_there_are_none() {
    let world = world_with(SimulatorConfig { speed: 20.0, refs: 3, ..SimulatorConfig::default() });
    let (_, mut heard) = world.open("ana", false).await;
    let mut shown = BTreeSet::new();
    loop {
        match heard.event().await {
            ConnectionEvent::Qr { payload, .. } => assert!(shown.insert(payload.expose_secret().to_owned())),
            ConnectionEvent::QrsExhausted => break,
            ConnectionEvent::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(shown.len(), 3);
    assert_eq!(heard.ended().await, EndReason::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_code_links_beside_the_qr() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("bruno", false).await;
    // Asked at once: the engine waits for the network to be ready.
    let issued = connection.request_code(&number(&bruno), None).await.unwrap();
    assert_eq!(issued.code.expose_secret().len(), 8);
    assert_eq!(issued.valid_for, Duration::from_secs(36));
    heard.qr().await;

    let again = connection.request_code(&number(&bruno), None).await.unwrap_err();
    assert!(
        matches!(again, EngineError::CodeRefused { ref reason, .. } if reason == "code-lives"),
        "{again:?}"
    );

    bruno.enter_code(issued.code.expose_secret()).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (_, mut heard) = world.open("bruno", true).await;
    heard.online().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_keeps_its_characters_over_a_lost_connection() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let custom = "ENLACE12".replace('0', "1").into();
    let (connection, mut heard) = world.open("bruno", false).await;
    connection.request_code(&number(&bruno), Some(&custom)).await.unwrap();
    world.simulator.fault(Fault::new(FaultKind::Cut)).unwrap();
    assert!(matches!(heard.ended().await, EndReason::Lost { .. }));

    let (connection, mut heard) = world.open("bruno", false).await;
    let issued = connection.request_code(&number(&bruno), Some(&custom)).await.unwrap();
    assert_eq!(issued.code.expose_secret(), custom.expose_secret());
    bruno.enter_code(custom.expose_secret()).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_links_nothing_and_a_withdrawn_one_can_be_replaced() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("bruno", false).await;
    let first = "AAAA1111".into();
    connection.request_code(&number(&bruno), Some(&first)).await.unwrap();
    assert!(matches!(bruno.enter_code("BBBB2222").await, Err(SimulatorError::WrongCode)));
    connection.cancel_code().await;
    let second = connection.request_code(&number(&bruno), None).await.unwrap();
    assert_ne!(second.code.expose_secret(), first.expose_secret());
    bruno.enter_code(second.code.expose_secret()).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_wrong_code_the_qr_beside_it_is_redrawn_and_links() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("bruno", false).await;
    let mut shown = heard.qr().await;
    connection.request_code(&number(&bruno), Some(&"AAAA1111".into())).await.unwrap();
    // Each half-done exchange changes the secret that is in the QR.
    for wrong in ["BBBB2222", "CCCC3333"] {
        assert!(matches!(bruno.enter_code(wrong).await, Err(SimulatorError::WrongCode)));
        let redrawn = heard.qr().await;
        assert_ne!(redrawn, shown);
        assert_eq!(redrawn.split(',').next(), shown.split(',').next(), "the reference is still the same");
        shown = redrawn;
    }
    bruno.scan(&shown).await.unwrap();
    let phone = heard.find("paired", |event| match event {
        ConnectionEvent::Paired { phone, .. } => Some(phone.clone()),
        _ => None,
    });
    assert_eq!(phone.await, number(&bruno));
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_code_redraws_the_qr_and_the_redrawn_one_links() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("bruno", false).await;
    connection.request_code(&number(&bruno), Some(&"AAAA1111".into())).await.unwrap();
    let first = heard.qr().await;
    assert!(matches!(bruno.enter_code("BBBB2222").await, Err(SimulatorError::WrongCode)));
    let after_typing = heard.qr().await;
    // Withdrawing the code changes the secret once more.
    connection.cancel_code().await;
    let redrawn = heard.qr().await;
    assert!(redrawn != first && redrawn != after_typing);
    assert_eq!(redrawn.split(',').next(), first.split(',').next(), "the reference is still the same");
    bruno.scan(&redrawn).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_scan_is_told_and_the_connection_lives_on() {
    let world = world(10.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.open("bruno", false).await;
    let first = heard.qr().await;
    connection.request_code(&number(&bruno), Some(&"AAAA1111".into())).await.unwrap();
    assert!(matches!(bruno.enter_code("BBBB2222").await, Err(SimulatorError::WrongCode)));
    assert_ne!(heard.qr().await, first, "redrawn");
    // The picture of a while ago: its secret is gone.
    bruno.scan(&first).await.unwrap_err();
    let failed = heard.find("the failure", |event| match event {
        ConnectionEvent::PairFailed { reason, lives_on } => Some((reason.clone(), *lives_on)),
        _ => None,
    });
    assert_eq!(failed.await, ("phone-not-verified".to_owned(), true));
    let next = heard.qr().await;
    assert_ne!(next.split(',').next(), first.split(',').next(), "the next reference");
    bruno.scan(&next).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_code_says_what_the_network_said() {
    let world = world(5.0);
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    world.simulator.fault(Fault::new(FaultKind::RefuseCode)).unwrap();
    let (connection, _heard) = world.open("bruno", false).await;
    let nobody = PhoneNumber::parse("999999999999").unwrap();
    for (phone, said) in [(number(&bruno), "rate-overlimit"), (nobody, "unknown-number")] {
        let error = connection.request_code(&phone, None).await.unwrap_err();
        assert!(matches!(error, EngineError::CodeRefused { ref reason, .. } if reason == said), "{error:?}");
    }
    // A refusal leaves the way open.
    let issued = connection.request_code(&number(&bruno), None).await.unwrap();
    bruno.enter_code(issued.code.expose_secret()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_asked_of_a_dead_connection_is_refused_at_once() {
    let world = world(5.0);
    let (connection, mut heard) = world.open("bruno", false).await;
    heard.qr().await;
    connection.close().await;
    let phone = PhoneNumber::parse("999100000001").unwrap();
    assert!(matches!(connection.request_code(&phone, None).await, Err(EngineError::Ended)));
}
