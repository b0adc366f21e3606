//! Linking where the network asks for a passkey.

use crate::support::{Heard, World, eventually, number, world};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use enlace_domain::port::whatsapp::PasskeyAssertion;
use enlace_domain::port::{Connection, ConnectionEvent, EndReason, EngineError};
use enlace_simulator::{Fault, FaultKind, Phone};
use secrecy::ExposeSecret;
use serde_json::Value;

fn demand(world: &World, phone: &Phone) {
    let demand = Fault { phone: Some(phone.number()), ..Fault::new(FaultKind::DemandPasskey) };
    world.simulator.fault(demand).unwrap();
}

async fn requested(heard: &mut Heard) -> Value {
    heard
        .find("the request", |event| match event {
            ConnectionEvent::PasskeyRequested { options } => Some(options.clone()),
            _ => None,
        })
        .await
}

/// What the phone's passkey signs, as a browser would hand it over.
fn signed(phone: &Phone, options: &Value) -> PasskeyAssertion {
    let assertion = phone.use_passkey(options).unwrap();
    let credential_id = BASE64_URL_SAFE_NO_PAD.decode(assertion["rawId"].as_str().unwrap()).unwrap();
    PasskeyAssertion { credential_id, json: assertion.to_string() }
}

/// As people do whose passkey works at once.
async fn use_passkey(connection: &dyn Connection, heard: &mut Heard, phone: &Phone) {
    let options = requested(heard).await;
    answer_and_compare(connection, heard, phone, &options).await;
}

/// With everything first that is refused.
async fn use_passkey_late(connection: &dyn Connection, heard: &mut Heard, phone: &Phone) {
    let options = requested(heard).await;
    assert_eq!(options["rpId"], "web.whatsapp.com");
    let early = connection.confirm_passkey().await.unwrap_err();
    assert!(matches!(early, EngineError::PasskeyRefused), "{early:?}");
    // The request of another day: the network does not believe it and asks on.
    let old = serde_json::json!({ "challenge": "AAAA" });
    let refused = connection.answer_passkey(&signed(phone, &old)).await.unwrap_err();
    assert!(matches!(refused, EngineError::PasskeyRefused), "{refused:?}");
    answer_and_compare(connection, heard, phone, &options).await;
}

async fn answer_and_compare(connection: &dyn Connection, heard: &mut Heard, phone: &Phone, options: &Value) {
    connection.answer_passkey(&signed(phone, options)).await.unwrap();
    let (code, compare) = heard
        .find("the code", |event| match event {
            ConnectionEvent::PasskeyCode { code, compare } => {
                Some((code.expose_secret().to_owned(), *compare))
            }
            _ => None,
        })
        .await;
    assert!(compare, "a first link is compared by people");
    eventually("the phone shows the same code", || phone.passkey_prompts()[0].code.as_ref() == Some(&code))
        .await;
    connection.confirm_passkey().await.unwrap();
}

async fn paired(heard: &mut Heard, phone: &Phone) {
    let accepted = heard.find("paired", |event| match event {
        ConnectionEvent::Paired { phone, .. } => Some(phone.clone()),
        _ => None,
    });
    assert_eq!(accepted.await, number(phone));
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_qr_links_under_a_passkey() {
    let world = world(2.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    demand(&world, &ana);
    let (connection, mut heard) = world.open("ana", false).await;
    let qr = heard.qr().await;
    let (scanned, ()) = tokio::join!(ana.scan(&qr), use_passkey_late(&*connection, &mut heard, &ana));
    scanned.unwrap();
    paired(&mut heard, &ana).await;
    let (_connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_code_links_under_a_passkey() {
    let world = world(2.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    demand(&world, &ana);
    let (connection, mut heard) = world.open("ana", false).await;
    let issued = connection.request_code(&number(&ana), None).await.unwrap();
    let typed = ana.enter_code(issued.code.expose_secret());
    let (typed, ()) = tokio::join!(typed, use_passkey(&*connection, &mut heard, &ana));
    typed.unwrap();
    paired(&mut heard, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_of_a_connection_that_is_gone_is_refused_at_once() {
    let world = world(2.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.open("ana", false).await;
    heard.qr().await;
    let unasked = signed(&ana, &serde_json::json!({ "challenge": "AAAA" }));
    assert!(matches!(connection.answer_passkey(&unasked).await.unwrap_err(), EngineError::PasskeyRefused));
    connection.close().await;
    assert!(matches!(connection.confirm_passkey().await, Err(EngineError::Ended)));
}
