//! Links by pairing code, told by a network in memory.

use crate::rig::{PATIENCE, Rig, by_code};
use enlace_domain::Fault;
use enlace_domain::port::whatsapp::EngineError;
use enlace_domain::session::StateName;
use enlace_sessions::LinkRequest;
use secrecy::ExposeSecret;
use std::sync::Arc;

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
    assert_eq!((error.code(), error.retry_after()), ("code-refused", Some(60)));
    // The QR beside it lives on.
    assert_eq!(rig.gateway.qr(&id, PATIENCE).await.unwrap().seq, 1);
}

#[tokio::test]
async fn a_code_without_a_phone_needs_an_earlier_link() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let request = LinkRequest { phone: None, ..by_code("999100000002") };
    assert_eq!(rig.gateway.link(&id, request.clone()).await.unwrap_err().code(), "phone-required");
    let (id, _connection) = rig.online("ana").await;
    rig.gateway.logout_session(&id).await.unwrap();
    let code = rig.gateway.link(&id, request).await.unwrap().code.unwrap();
    assert_eq!(code.phone.as_str(), "999100000001");
}

#[tokio::test]
async fn a_code_for_another_phone_replaces_one_that_is_still_being_asked_for() {
    let rig = Rig::new().await;
    let id = rig.create("bruno").await;
    let connection = rig.begin_qr(&id).await;
    connection.hold_codes();
    let first = rig.asks(&id, by_code("999100000002"));
    while connection.codes_asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let second = rig.asks(&id, by_code("999100000003"));
    assert_eq!(first.await.unwrap().unwrap_err().code(), "code-replaced");
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
