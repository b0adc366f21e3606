use super::support::{ADMIN, Answer, Api, PAYLOAD, eventually};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use enlace_sessions::{Limits, SessionsConfig};
use serde_json::json;
use std::net::SocketAddr;

async fn with(limits: Limits) -> Api {
    Api::with_rules(SessionsConfig { limits, ..SessionsConfig::default() }).await
}

fn assert_limited(answer: &Answer) {
    answer.assert_problem(429, "rate-limited");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0, "{answer:?}");
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_ask_again_and_hinders_no_other() {
    let api = with(Limits { key_per_minute: 2, ..Limits::default() }).await;
    let key = api.key(&[], None).await;
    for _ in 0..2 {
        assert_eq!(api.call(Method::GET, "/v1/version", &key).await.status, 200);
    }
    assert_limited(&api.call(Method::GET, "/v1/version", &key).await);
    assert_eq!(api.get("/v1/version").await.status, 200);
}

#[tokio::test]
async fn a_session_is_asked_about_only_so_often_whatever_the_key() {
    let api = with(Limits { session_per_minute: 2, ..Limits::default() }).await;
    api.create("ana").await;
    api.create("bruno").await;
    for _ in 0..2 {
        assert_eq!(api.get("/v1/sessions/ana").await.status, 200);
    }
    let key = api.key(&[enlace_domain::key::Scope::Read], None).await;
    assert_limited(&api.call(Method::GET, "/v1/sessions/ana", &key).await);
    assert_eq!(api.get("/v1/sessions/bruno").await.status, 200);
}

#[tokio::test]
async fn a_page_that_asks_for_qrs_without_pause_is_slowed_down() {
    let api = with(Limits { link_per_minute: 2, ..Limits::default() }).await;
    api.awaiting_scan("ana", PAYLOAD).await;
    assert_eq!(api.get("/v1/sessions/ana/qr").await.status, 200);
    assert_limited(&api.get("/v1/sessions/ana/qr").await);
    assert_limited(&api.post("/v1/sessions/ana/link", &json!({})).await);
    assert_eq!(api.get("/v1/sessions/ana").await.status, 200, "only asks for a link are slowed down");
}

#[tokio::test]
async fn wrong_keys_from_one_address_are_counted_and_told_and_lock_out_no_valid_one() {
    let api = with(Limits { refused_per_minute: 2, ..Limits::default() }).await;
    let ask = async |key: &str, address: &str| {
        let request = Request::get("/v1/version").header("x-api-key", key);
        let mut request = request.body(Body::empty()).unwrap();
        let address: SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        api.send(request).await
    };
    for _ in 0..2 {
        ask("wrong", "203.0.113.7:1").await.assert_problem(401, "key-invalid");
    }
    for _ in 0..2 {
        assert_limited(&ask("wrong", "203.0.113.7:2").await);
    }
    assert_eq!(ask(ADMIN, "203.0.113.7:3").await.status, 200);
    ask("wrong", "203.0.113.8:1").await.assert_problem(401, "key-invalid");
    let told = eventually(async || {
        let records = api.get("/v1/audit?action=key.refused_often").await.json()["items"].clone();
        records.as_array().unwrap().first().cloned().map(|first| (first, records))
    });
    let (first, records) = told.await;
    assert_eq!((&first["from"], &first["key"]), (&json!("203.0.113.7"), &json!(null)), "{first}");
    assert_eq!(records.as_array().unwrap().len(), 1, "once in a while, not each time");
}
