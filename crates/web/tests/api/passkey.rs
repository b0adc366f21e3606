//! Passkeys over the API.

use super::support::{Api, PATIENCE, PAYLOAD};
use enlace_domain::port::EngineError;
use enlace_domain::port::inbox::ConnectionEvent;
use enlace_sessions::{Limits, SessionsConfig};
use enlace_testkit::FakeConnection;
use serde_json::{Value, json};
use std::sync::Arc;

const PASSKEY: &str = "/v1/sessions/ana/passkey";
const CONFIRM: &str = "/v1/sessions/ana/passkey/confirm";

fn options() -> Value {
    json!({"challenge": "AAAA", "rpId": "web.whatsapp.com"})
}

fn assertion() -> Value {
    json!({
        "id": "AQID",
        "rawId": "AQID==",
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": {},
        "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "BBBB", "userHandle": null}
    })
}

/// Where a test may ask as often as it likes whether it is there yet.
async fn unhurried() -> Api {
    let limits = Limits { link_per_minute: 200_000, ..Limits::default() };
    Api::with_rules(SessionsConfig { limits, ..SessionsConfig::default() }).await
}

async fn asked(api: &Api) -> Arc<FakeConnection> {
    let connection = api.awaiting_scan("ana", PAYLOAD).await;
    connection.ask_passkey(options()).await;
    api.until_state("ana", "awaiting_passkey").await;
    connection
}

async fn until(api: &Api, holds: impl Fn(&Value) -> bool) {
    let waiting = async {
        while !holds(&api.get(PASSKEY).await.json()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the passkey never came so far");
}

#[tokio::test]
async fn a_passkey_is_asked_answered_and_confirmed() {
    let api = unhurried().await;
    let connection = asked(&api).await;
    assert_eq!(api.get("/v1/sessions/ana").await.json()["state"]["name"], "awaiting_passkey");
    let answer = api.get(PASSKEY).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json(), json!({"status": "requested", "options": options()}));
    api.post(CONFIRM, &json!({})).await.assert_problem(409, "passkey-unanswered");

    connection.take_passkey(Err(EngineError::PasskeyRefused));
    api.post(PASSKEY, &assertion()).await.assert_problem(422, "passkey-refused");
    let believed = api.post(PASSKEY, &assertion()).await;
    assert_eq!((believed.status.as_u16(), &believed.json()["status"]), (202, &json!("answered")));
    let sent = connection.passkeys_answered().pop().unwrap();
    assert_eq!(sent.credential_id, [1, 2, 3]);
    let sent: Value = serde_json::from_str(&sent.json).unwrap();
    let expected = json!({
        "id": "AQID",
        "rawId": "AQID",
        "type": "public-key",
        "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "BBBB", "userHandle": null}
    });
    assert_eq!(sent, expected);

    connection.tell(ConnectionEvent::PasskeyCode { code: "ABCD-1234".into(), compare: true }).await;
    until(&api, |answer| answer["status"] == "confirm").await;
    assert_eq!(api.get(PASSKEY).await.json()["code"], "ABCD-1234");
    // It would be refused as if it were wrong, where only the code waits to be compared.
    api.post(PASSKEY, &assertion()).await.assert_problem(409, "passkey-answered");
    let confirmed = api.post(CONFIRM, &json!({})).await;
    assert_eq!((confirmed.status.as_u16(), confirmed.json()["id"].clone()), (202, json!("ana")));
    assert_eq!(connection.passkeys_confirmed(), 1);
}

#[tokio::test]
async fn where_no_passkey_is_asked_it_is_said() {
    let api = unhurried().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    api.get(PASSKEY).await.assert_problem(409, "no-passkey-asked");
    api.post(PASSKEY, &assertion()).await.assert_problem(409, "no-passkey-asked");
    let problem = api.post(CONFIRM, &json!({})).await;
    assert!(
        problem.assert_problem(409, "no-passkey-asked")["detail"]
            .as_str()
            .unwrap()
            .contains("awaiting_passkey")
    );
}

#[tokio::test]
async fn each_bad_part_of_an_assertion_is_named() {
    let api = unhurried().await;
    let connection = asked(&api).await;
    let with = |field: &str, value: Value| {
        let mut body = assertion();
        match field.strip_prefix("response.") {
            Some(part) => body["response"][part] = value,
            None => body[field] = value,
        }
        body
    };
    for field in ["rawId", "response.clientDataJSON", "response.authenticatorData", "response.signature"] {
        for bad in [json!("not base64url!"), json!("+/+/"), json!(5)] {
            api.post(PASSKEY, &with(field, bad)).await.assert_invalid(field);
        }
    }
    api.post(PASSKEY, &with("response.signature", json!(""))).await.assert_invalid("response.signature");
    api.post(PASSKEY, &json!({})).await.assert_invalid("rawId");
    assert!(connection.passkeys_answered().is_empty());
}
