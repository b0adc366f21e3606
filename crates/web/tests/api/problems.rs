use super::support::{ADMIN, Api, PAYLOAD};
use axum::body::Body;
use axum::http::{Method, Request};
use enlace_domain::clock::{Clock, Timestamp};
use serde_json::json;
use std::sync::Arc;

async fn post(api: &Api, path: &str, kind: Option<&str>, body: impl Into<Body>) -> super::support::Answer {
    let mut request = Request::post(path).header("x-api-key", ADMIN);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    api.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_too() {
    let api = Api::new().await;
    for path in ["/", "/v1", "/v1/nothing", "/v1/sessions/ana/nothing", "/v2/sessions"] {
        api.get(path).await.assert_problem(404, "route-not-found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_lists_the_right_ones() {
    let api = Api::new().await;
    let answer = api.call(Method::PUT, "/v1/sessions", ADMIN).await;
    answer.assert_problem(405, "method-not-allowed");
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_told_with_its_position() {
    let api = Api::new().await;
    for body in ["{", "{\"id\": ana}", "[]", "\"text\"", "7", "\u{feff}{}", "{} {}"] {
        post(&api, "/v1/sessions", Some("application/json"), body).await.assert_problem(400, "invalid-json");
    }
    let invalid_utf8 = post(&api, "/v1/sessions", Some("application/json"), vec![b'"', 0xFF, b'"']).await;
    invalid_utf8.assert_problem(400, "invalid-json");
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let api = Api::new().await;
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
        post(&api, "/v1/sessions", kind, "{}").await.assert_problem(415, "unsupported-media-type");
    }
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"] {
        assert_eq!(post(&api, "/v1/sessions", Some(kind), "{}").await.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn an_empty_body_counts_as_an_empty_object_whatever_its_type() {
    let api = Api::new().await;
    for (kind, body) in [
        (None, ""),
        (Some("application/json"), ""),
        (Some("text/plain"), " \n"),
        (Some("application/json"), "null"),
    ] {
        assert_eq!(post(&api, "/v1/sessions", kind, body).await.status, 201, "{kind:?} {body:?}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let api = Api::new().await;
    let long = json!({ "name": "x".repeat(1024 * 1024) }).to_string();
    post(&api, "/v1/sessions", Some("application/json"), long).await.assert_problem(413, "body-too-large");
}

#[tokio::test]
async fn a_field_of_the_wrong_type_or_name_is_named_without_its_value() {
    let api = Api::new().await;
    for (body, field) in [
        (json!({"id": 7}), "id"),
        (json!({"name": ["Ana"]}), "name"),
        (json!({"metadata": "secret-value"}), "metadata"),
        (json!({"settings": {"link_max_rounds": "secret-value"}}), "settings.link_max_rounds"),
        (json!({"settings": {"link_max_rounds": -1}}), "settings.link_max_rounds"),
        (json!({"settings": {"loud": true}}), "settings.loud"),
        (json!({"identifier": "secret-value"}), "identifier"),
    ] {
        let answer = api.post("/v1/sessions", &body).await;
        answer.assert_invalid(field);
        assert!(!answer.text().contains("secret-value"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_sane_and_made_when_not() {
    let api = Api::new().await;
    let with_id =
        |id: &str| Request::get("/v1/nothing").header("x-request-id", id).body(Body::empty()).unwrap();
    let kept = api.send(with_id("trace-42")).await;
    assert_eq!(kept.assert_problem(404, "route-not-found")["request_id"], "trace-42");
    let made = api.send(with_id(&"x".repeat(500))).await;
    assert!(made.assert_problem(404, "route-not-found")["request_id"].as_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn a_session_that_is_not_there_is_a_404_whatever_was_sent_to_it() {
    let api = Api::new().await;
    for (method, path) in [
        (Method::GET, "/v1/sessions/nobody"),
        (Method::PATCH, "/v1/sessions/nobody"),
        (Method::DELETE, "/v1/sessions/nobody"),
        (Method::POST, "/v1/sessions/nobody/start"),
        (Method::POST, "/v1/sessions/nobody/stop"),
        (Method::POST, "/v1/sessions/nobody/restart"),
        (Method::POST, "/v1/sessions/nobody/logout"),
        (Method::POST, "/v1/sessions/nobody/link"),
        (Method::GET, "/v1/sessions/nobody/qr?format=gif"),
        (Method::GET, "/v1/sessions/nobody/events"),
        (Method::POST, "/v1/sessions/nobody/messages"),
        (Method::GET, "/v1/sessions/nobody/messages"),
        (Method::GET, "/v1/sessions/nobody/messages/msg_1"),
        (Method::GET, "/v1/sessions/-not%20an%20id"),
    ] {
        api.call(method, path, ADMIN).await.assert_problem(404, "session-not-found");
    }
}

#[tokio::test]
async fn health_needs_no_key_and_readiness_is_what_it_is_told() {
    let api = Api::new().await;
    let ask = |path| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(api.send(ask("/livez")).await.status, 200);
    assert_eq!(api.send(ask("/readyz")).await.status, 200);
    api.state.ready.set(false);
    api.send(ask("/readyz")).await.assert_problem(503, "not-ready");
    assert_eq!(api.send(ask("/livez")).await.status, 200);
}

/// A clock that breaks whoever asks it.
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        panic!("the test asked for this panic")
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_problem_that_keeps_its_reason_to_itself() {
    let api = Api::with(|state| state.clock = Arc::new(BrokenClock)).await;
    api.create("ana").await;
    let (answer, ()) = tokio::join!(api.get("/v1/sessions/ana/qr"), async {
        api.network.next_connection().await.show_qr(PAYLOAD).await;
    });
    answer.assert_problem(500, "internal");
    assert!(!answer.text().contains("asked for this"), "{answer:?}");
    assert_eq!(api.get("/v1/sessions/ana").await.status, 200);
}

#[tokio::test]
async fn a_worker_that_fails_in_the_middle_of_an_ask_is_a_problem_and_the_next_request_works() {
    let api = Api::new().await;
    api.create("ana").await;
    api.network.panic_once();
    let answer = api.get("/v1/sessions/ana/qr?wait=5").await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    answer.assert_problem(answer.status.as_u16(), answer.json()["code"].as_str().unwrap());
    assert_eq!(api.get("/v1/sessions/ana").await.status, 200);
}
