//! Trouble that the network makes while a session links.

use crate::support::{session, world, world_with};
use enlace_domain::port::{ConnectionEvent, EndReason, WhatsApp};
use enlace_simulator::{Fault, FaultKind, LinkStep, SimulatorConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_secret_redraws_the_qr_and_only_the_new_one_links() {
    let world = world(2.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.open("ana", false).await;
    let retired = heard.qr().await;
    assert_eq!(world.simulator.fault(Fault::new(FaultKind::RefreshRegistration)).unwrap(), 1);
    let fresh = heard.qr().await;
    assert_ne!(fresh, retired);
    assert_eq!(fresh.split(',').next(), retired.split(',').next(), "the reference is still the same");

    ana.scan(&retired).await.unwrap_err();
    let failed = heard.find("the failure", |event| match event {
        ConnectionEvent::PairFailed { reason, lives_on } => Some((reason.clone(), *lives_on)),
        _ => None,
    });
    assert_eq!(failed.await, ("phone-not-verified".to_owned(), true));
    assert!(ana.devices().is_empty());
    ana.scan(&fresh).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (_connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_the_phone_did_not_finish_is_refused_at_its_login() {
    let world = world(5.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.open("ana", false).await;
    let half = Fault { step: Some(LinkStep::Accepted), ..Fault::new(FaultKind::AbandonLink) };
    world.simulator.fault(half).unwrap();
    ana.scan(&heard.qr().await).await.unwrap_err();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    assert!(world.engine.identity(&session("ana")).await.unwrap().is_some());
    let (_connection, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, EndReason::LoggedOut { reason: "login-refused".to_owned() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_phone_died_at_its_scan_the_next_qr_links() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.open("ana", false).await;
    world.simulator.fault(Fault::new(FaultKind::AbandonLink)).unwrap();
    let used = heard.qr().await;
    ana.scan(&used).await.unwrap_err();
    let next = heard.qr().await;
    assert_ne!(next.split(',').next(), used.split(',').next(), "the next reference");
    ana.scan(&next).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_too_old_is_refused_before_any_qr_and_at_login() {
    let world = world(5.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let oldest = || Fault { version: Some("9.0.0".to_owned()), ..Fault::new(FaultKind::RefuseVersion) };
    world.simulator.fault(oldest()).unwrap();
    let (_connection, mut heard) = world.open("ana", false).await;
    assert_eq!(heard.ended().await, EndReason::VersionRefused);
    world.simulator.clear_faults();
    let (connection, _heard) = world.link("ana", &ana).await;
    connection.close().await;
    world.simulator.fault(oldest()).unwrap();
    let (_connection, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, EndReason::VersionRefused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_ends_the_connection_and_says_until_when() {
    let world = world_with(SimulatorConfig { speed: 5.0, ban_seconds: 18_000, ..SimulatorConfig::default() });
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.link("ana", &ana).await;
    let before = chrono::Utc::now();
    assert_eq!(world.simulator.fault(Fault::new(FaultKind::Ban)).unwrap(), 1);
    heard.ended().await;
    let (_connection, mut heard) = world.open("ana", true).await;
    let EndReason::Restricted { reason, until } = heard.ended().await else { panic!("not restricted") };
    assert_eq!(reason, "sent-to-too-many-people");
    let left = until.unwrap() - before;
    assert!(left.num_seconds() > 3_500 && left.num_seconds() < 3_700, "an hour at this speed: {left}");
}
