//! Passkeys that WhatsApp asks of a link.

use crate::rig::{Rig, by_code};
use enlace_domain::Fault;
use enlace_domain::id::SessionId;
use enlace_domain::port::EngineError;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::whatsapp::{IssuedCode, PasskeyAssertion};
use enlace_domain::session::StateName;
use enlace_sessions::GatewayError;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;

fn options() -> Value {
    json!({ "challenge": "AAAA", "rpId": "web.whatsapp.com" })
}

fn assertion() -> PasskeyAssertion {
    PasskeyAssertion { credential_id: vec![1, 2, 3], json: "{}".to_owned() }
}

/// Waits until the session told what is to be done about a passkey.
async fn told(rig: &Rig, status: &str) {
    let mut events = rig.events_from(0).await;
    let waiting = async {
        loop {
            let batch = events.next().await.unwrap();
            let is = |kind: &str, data: &Value| kind == "session.passkey" && data["status"] == status;
            if batch.iter().any(|event| is(event.kind.as_str(), &event.data)) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, waiting).await.expect("it was never told");
}

async fn refused(rig: &Rig, id: &SessionId) -> [&'static str; 3] {
    let code = |result: Result<(), GatewayError>| result.unwrap_err().code();
    [
        code(rig.gateway.passkey(id).map(drop)),
        code(rig.gateway.answer_passkey(id, assertion()).await),
        code(rig.gateway.confirm_passkey(id).await),
    ]
}

#[tokio::test]
async fn a_link_goes_on_after_its_passkey_was_used_and_its_code_compared() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    assert_eq!(refused(&rig, &id).await, ["no-passkey-asked"; 3]);
    let connection = rig.begin_qr(&id).await;
    assert_eq!(refused(&rig, &id).await, ["no-passkey-asked"; 3]);
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    told(&rig, "requested").await;
    let asked = rig.gateway.passkey(&id).unwrap();
    assert!(asked.options == options() && asked.code.is_none());
    let early = rig.gateway.confirm_passkey(&id).await.unwrap_err();
    assert!(matches!(early, GatewayError::PasskeyUnanswered), "{early:?}");
    // A refused one can be followed by another.
    connection.take_passkey(Err(EngineError::PasskeyRefused));
    let wrong = rig.gateway.answer_passkey(&id, assertion()).await.unwrap_err();
    assert_eq!(wrong.code(), "passkey-refused");
    rig.gateway.answer_passkey(&id, assertion()).await.unwrap();
    assert_eq!(connection.passkeys_answered().len(), 2);

    // The next QR is shown all the while and takes nothing back.
    connection.show_qr("second").await;
    connection.tell(ConnectionEvent::PasskeyCode { code: "ABCD-1234".into(), compare: true }).await;
    told(&rig, "confirm").await;
    assert_eq!(rig.state(&id).state.name, StateName::AwaitingPasskey);
    let compared = rig.gateway.passkey(&id).unwrap();
    assert_eq!(compared.code.as_ref().map(ExposeSecret::expose_secret), Some("ABCD-1234"));
    assert_eq!(connection.passkeys_confirmed(), 0);
    rig.gateway.confirm_passkey(&id).await.unwrap();
    assert_eq!(connection.passkeys_confirmed(), 1);
    connection.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
    assert_eq!(refused(&rig, &id).await, ["no-passkey-asked"; 3]);
    let secret_in_a_log = rig.events().await.iter().any(|event| event.data.to_string().contains("ABCD-1234"));
    assert!(!secret_in_a_log);
}

#[tokio::test]
async fn a_passkey_dies_with_its_connection() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    connection.lose("stream-ended").await;
    rig.wait_for_reason(&id, "stream-ended").await;
    assert_eq!(refused(&rig, &id).await, ["no-passkey-asked"; 3]);
}

#[tokio::test]
async fn a_code_that_nobody_has_to_compare_is_confirmed_at_once() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.ask_passkey(options()).await;
    connection.tell(ConnectionEvent::PasskeyCode { code: "ABCD-1234".into(), compare: false }).await;
    let confirmed = async {
        while connection.passkeys_confirmed() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, confirmed).await.expect("it was never confirmed");
}

#[tokio::test]
async fn a_passkey_that_nobody_answers_ends_with_the_last_qr_and_the_link_rests() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    connection.tell(ConnectionEvent::QrsExhausted).await;
    // The library hangs up with its last QR.
    connection.end(EndReason::Closed).await;
    let session = rig.wait_for(&id, StateName::LinkExpired).await;
    assert_eq!(session.state.reason.as_deref(), Some("passkey-timeout"));
    assert!(!rig.network.has_unseen_connection().await, "nobody asked for another round");
}

#[tokio::test]
async fn the_end_of_a_code_is_no_end_of_the_passkey_that_followed_it() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    rig.gateway.link(&id, by_code("999100000001")).await.unwrap();
    let connection = rig.network.next_connection().await;
    connection.show_qr("first").await;
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    connection.tell(ConnectionEvent::QrsExhausted).await;
    connection.tell(ConnectionEvent::CodeDead { reason: "not-completed".to_owned() }).await;
    let mut events = rig.events_from(0).await;
    let dead =
        async { while !events.next().await.unwrap().iter().any(|event| event.data["status"] == "dead") {} };
    tokio::time::timeout(crate::rig::PATIENCE, dead).await.expect("the code's end is never told");
    assert_eq!(rig.state(&id).state.name, StateName::AwaitingPasskey);
    assert!(!connection.is_closed());
    connection.pair("999100000001").await;
    rig.network.next_connection().await.go_online().await;
    rig.wait_for(&id, StateName::Online).await;
}

#[tokio::test]
async fn a_code_asked_for_beside_a_passkey_does_not_hide_it() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    rig.gateway.link(&id, by_code("999100000001")).await.unwrap();
    rig.wait_for_event("session.pairing_code").await;
    assert_eq!(rig.state(&id).state.name, StateName::AwaitingPasskey);
}

/// Fails when a code that a passkey followed never ends: then its link is dialled for ever.
#[tokio::test]
async fn a_link_that_is_lost_in_the_middle_of_a_passkey_ends_with_its_code() {
    let rig = Rig::new().await;
    let id = rig.create("ana").await;
    let connection = rig.begin_qr(&id).await;
    let short = IssuedCode { code: "ABCD1234".into(), valid_for: Duration::from_secs(3) };
    connection.answer_code(Ok(short));
    rig.gateway.link(&id, by_code("999100000001")).await.unwrap();
    connection.ask_passkey(options()).await;
    rig.wait_for(&id, StateName::AwaitingPasskey).await;
    rig.network.hold_codes();
    connection.lose("stream-ended").await;
    let rests = async {
        while rig.state(&id).state.name != StateName::LinkExpired {
            tokio::select! {
                next = rig.network.next_connection() => next.lose("server-busy").await,
                _ = rig.wait_for(&id, StateName::LinkExpired) => {}
            }
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, rests).await.expect("it is dialled for ever");
}
