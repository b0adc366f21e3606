use super::support::{ADMIN, Api};
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use enlace_domain::key::Scope;
use serde_json::json;

async fn with_header(api: &Api, name: &str, value: &str) -> super::support::Answer {
    let request = Request::get("/v1/version").header(name, value);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_key_is_taken_as_bearer_as_header_and_as_basic_password() {
    let api = Api::new().await;
    let basic = format!("Basic {}", STANDARD.encode(format!("anyone:{ADMIN}")));
    for (name, value) in [
        ("authorization", format!("Bearer {ADMIN}")),
        ("authorization", format!("bearer {ADMIN}")),
        ("authorization", basic),
        ("x-api-key", ADMIN.to_owned()),
    ] {
        assert_eq!(with_header(&api, name, &value).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_missing_a_wrong_and_an_expired_key_are_told_apart_and_challenged() {
    let api = Api::new().await;
    let missing = api.send(Request::get("/v1/version").body(Body::empty()).unwrap()).await;
    missing.assert_problem(401, "key-missing");
    let wrong = api.call(Method::GET, "/v1/version", "nobody's").await;
    wrong.assert_problem(401, "key-invalid");
    let expired = api.call(Method::GET, "/v1/version", &api.expired_key().await).await;
    expired.assert_problem(401, "key-expired");
    for answer in [missing, wrong, expired] {
        assert!(answer.header("www-authenticate").starts_with("Bearer "), "{answer:?}");
    }
}

#[tokio::test]
async fn a_session_beyond_a_keys_reach_is_not_there() {
    let api = Api::new().await;
    api.create("ana").await;
    api.create("bruno").await;
    let key = api.key(&[Scope::Admin], Some(&["bruno"])).await;
    for (method, path) in [
        (Method::GET, "/v1/sessions/ana"),
        (Method::DELETE, "/v1/sessions/ana"),
        (Method::GET, "/v1/sessions/ana/qr"),
        (Method::GET, "/v1/sessions/ana/events"),
        (Method::GET, "/v1/sessions/ana/messages"),
        (Method::POST, "/v1/sessions/ana/link"),
    ] {
        api.call(method, path, &key).await.assert_problem(404, "session-not-found");
    }
    let listed = api.call(Method::GET, "/v1/sessions", &key).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], "bruno");
    let counted = api.call(Method::GET, "/v1/sessions/summary", &key).await.json();
    assert_eq!(counted["total"], 1);
}

#[tokio::test]
async fn a_limited_key_makes_only_the_sessions_it_is_limited_to() {
    let api = Api::new().await;
    let key = api.key(&[Scope::Manage], Some(&["ana"])).await;
    for (body, refused) in [(json!({}), true), (json!({"id": "bruno"}), true), (json!({"id": "ana"}), false)]
    {
        let answer = api.call_with(Method::POST, "/v1/sessions", &key, &body).await;
        if refused {
            answer.assert_problem(403, "session-not-in-reach");
        } else {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }
}
