use super::support::{Api, PAYLOAD};
use axum::http::Method;
use enlace_domain::key::Scope;
use enlace_domain::port::EngineError;
use serde_json::json;

#[tokio::test]
async fn a_link_by_qr_answers_with_the_first_qr() {
    let api = Api::new().await;
    api.create("ana").await;
    let body = json!({"method": "qr"});
    let (answer, _connection) = tokio::join!(api.post("/v1/sessions/ana/link", &body), async {
        let connection = api.network.next_connection().await;
        connection.show_qr(PAYLOAD).await;
        connection
    });
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let answer = answer.json();
    assert_eq!(answer["method"], "qr");
    assert_eq!(answer["state"]["name"], "awaiting_scan");
    assert_eq!(answer["qr"]["data"], PAYLOAD);
    assert_eq!(answer["qr"]["qr"], PAYLOAD);
    assert_eq!(answer["qr"]["format"], "json");
    assert_eq!(answer["qr"]["network"], "simulator");
    assert!(answer.get("code").is_none());
}

#[tokio::test]
async fn an_empty_body_links_by_qr_and_a_phone_alone_means_a_code() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let by_qr = api.post("/v1/sessions/ana/link", &json!({"phone": "", "custom_code": null})).await.json();
    assert_eq!(by_qr["method"], "qr");
    let by_code = api.post("/v1/sessions/ana/link", &json!({"phone": "+999 100 000-001"})).await.json();
    assert_eq!(by_code["method"], "code");
}

#[tokio::test]
async fn a_link_by_code_answers_with_the_accepted_code_and_a_second_ask_with_the_same() {
    let api = Api::new().await;
    let connection = api.awaiting_scan("ana", PAYLOAD).await;
    let body = json!({"method": "code", "phone": "+999 (100) 000-001"});
    let first = api.post("/v1/sessions/ana/link", &body).await;
    assert_eq!(first.status, 200, "{first:?}");
    let first = first.json();
    assert_eq!(first["method"], "code");
    assert_eq!(first["code"]["code"], "ABCD1234");
    assert_eq!(first["code"]["display"], "ABCD-1234");
    assert_eq!(first["code"]["phone"], "999100000001");
    assert!(first["code"]["expires_at"].as_str().unwrap().ends_with('Z'));
    let second = api.post("/v1/sessions/ana/link", &body).await.json();
    assert_eq!(second["code"], first["code"]);
    assert_eq!(connection.codes_asked().len(), 1);
}

#[tokio::test]
async fn a_number_may_come_as_a_json_number() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let body = json!({"method": "code", "phone": 999_100_000_001_u64});
    let answer = api.post("/v1/sessions/ana/link", &body).await;
    assert_eq!(answer.json()["code"]["phone"], "999100000001", "{answer:?}");
    assert_eq!(answer.header("enlace-network"), "simulator");
}

#[tokio::test]
async fn a_custom_code_is_handed_to_the_network() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let body = json!({"method": "code", "phone": "999100000001", "custom_code": "enla-ce12"});
    let answer = api.post("/v1/sessions/ana/link", &body).await.json();
    assert_eq!(answer["code"]["display"], "ENLA-CE12");
}

#[tokio::test]
async fn each_bad_field_of_a_link_is_named() {
    let api = Api::new().await;
    api.create("ana").await;
    for (body, field) in [
        (json!({"method": "magic"}), "method"),
        (json!({"method": "code", "phone": "12"}), "phone"),
        (json!({"method": "code", "phone": "+0 123 456 789"}), "phone"),
        (json!({"method": "code", "phone": "1234567890123456"}), "phone"),
        (json!({"method": "code", "phone": "call me"}), "phone"),
        (json!({"method": "code", "phone": 5}), "phone"),
        (json!({"method": "qr", "expect_phone": "12"}), "expect_phone"),
        (json!({"method": "code", "phone": "999100000001", "custom_code": "ABCD-123O"}), "custom_code"),
        (json!({"method": "qr", "wait": 61}), "wait"),
        (json!({"method": "qr", "wait": -1}), "wait"),
        (json!({"method": "qr", "wait": "soon"}), "wait"),
        (json!({"method": "qr", "force": "yes"}), "force"),
        (json!({"method": "qr", "froce": true}), "froce"),
    ] {
        api.post("/v1/sessions/ana/link", &body).await.assert_invalid(field);
    }
    let nameless = api.post("/v1/sessions/ana/link", &json!({"method": "code"})).await;
    assert_eq!(nameless.assert_problem(422, "phone-required")["field"], "phone");
    assert!(!api.network.has_unseen_connection().await, "bad input must not begin a link");
}

#[tokio::test]
async fn a_linked_session_keeps_its_link_when_asked_for_a_qr_or_a_code() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    api.get("/v1/sessions/ana/qr").await.assert_problem(409, "already-linked");
    api.post("/v1/sessions/ana/link", &json!({"method": "qr"})).await.assert_problem(409, "already-linked");
    let code = json!({"method": "code", "phone": "999100000001"});
    api.post("/v1/sessions/ana/link", &code).await.assert_problem(409, "already-linked");
    assert_eq!(api.get("/v1/sessions/ana").await.json()["state"]["name"], "online");
    assert!(!connection.is_closed() && !connection.is_logged_out());
}

#[tokio::test]
async fn a_code_that_the_network_refuses_is_told_with_its_reason() {
    let api = Api::new().await;
    let connection = api.awaiting_scan("ana", PAYLOAD).await;
    connection.answer_code(Err(EngineError::CodeRefused { reason: "429".to_owned(), retry_after: Some(30) }));
    let body = json!({"method": "code", "phone": "999100000001"});
    let answer = api.post("/v1/sessions/ana/link", &body).await;
    let problem = answer.assert_problem(422, "code-refused");
    assert!(problem["detail"].as_str().unwrap().contains("429"));
    assert_eq!(answer.header("retry-after"), "30");
}

#[tokio::test]
async fn a_network_that_cannot_be_reached_is_told_and_not_waited_for() {
    let api = Api::new().await;
    api.create("ana").await;
    let losing = async {
        loop {
            api.network.next_connection().await.lose("dial-failed").await;
        }
    };
    let answer = tokio::select! {
        answer = api.get("/v1/sessions/ana/qr?wait=60") => answer,
        () = losing => unreachable!("it loses until the answer is there"),
    };
    let problem = answer.assert_problem(503, "network-unreachable");
    assert!(problem["detail"].as_str().unwrap().contains("dial-failed"));
}

#[tokio::test]
async fn no_qr_within_the_wait_is_a_504_and_never_a_200() {
    let api = Api::new().await;
    api.create("ana").await;
    api.get("/v1/sessions/ana/qr?wait=0").await.assert_problem(504, "no-qr-from-network");
}

#[tokio::test]
async fn only_the_scope_link_reads_a_qr_or_a_code() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let key = api.key(&[Scope::Read, Scope::Send, Scope::Manage], None).await;
    api.call(Method::GET, "/v1/sessions/ana/qr", &key).await.assert_problem(403, "scope-missing");
    api.call(Method::POST, "/v1/sessions/ana/link", &key).await.assert_problem(403, "scope-missing");
    let session = api.call(Method::GET, "/v1/sessions/ana", &key).await;
    assert!(!session.text().contains(&PAYLOAD[..20]));
    let link_only = api.key(&[Scope::Link], None).await;
    assert_eq!(api.call(Method::GET, "/v1/sessions/ana/qr", &link_only).await.status, 200);
}
