use super::support::{ADMIN, Api};
use axum::body::Body;
use axum::http::{Method, Request};

const OF_GATEWAY: [&str; 3] =
    ["/v1/webhooks", "/v1/webhooks/wh_1", "/v1/webhooks/wh_1/deliveries/1/redeliver"];

const OF_SESSION: [&str; 11] = [
    "link-pages",
    "groups",
    "groups/1@g.us/participants",
    "chats",
    "contacts",
    "channels",
    "labels",
    "statuses",
    "profile",
    "presence",
    "messages/msg_1/media",
];

#[tokio::test]
async fn what_is_designed_and_not_built_is_said_with_any_method_and_asks_for_a_key_first() {
    let api = Api::new().await;
    api.create("ana").await;
    let of_session = OF_SESSION.iter().map(|path| format!("/v1/sessions/ana/{path}"));
    for path in OF_GATEWAY.iter().map(ToString::to_string).chain(of_session) {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let without_key = Request::builder().method(method.clone()).uri(&path);
            let answer = api.send(without_key.body(Body::empty()).unwrap()).await;
            answer.assert_problem(401, "key-missing");
            let answer = api.call(method.clone(), &path, ADMIN).await;
            let problem = answer.assert_problem(501, "unsupported");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("this version does not offer"), "{method} {path}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_message_is_read_and_not_yet_changed_or_revoked() {
    let api = Api::new().await;
    api.create("ana").await;
    let path = "/v1/sessions/ana/messages/msg_1";
    for method in [Method::PATCH, Method::DELETE] {
        let without_key = Request::builder().method(method.clone()).uri(path);
        api.send(without_key.body(Body::empty()).unwrap()).await.assert_problem(401, "key-missing");
        api.call(method, path, ADMIN).await.assert_problem(501, "unsupported");
    }
    api.get(path).await.assert_problem(404, "message-not-found");
    let answer = api.call(Method::PUT, path, ADMIN).await;
    answer.assert_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn what_is_not_built_of_a_session_that_is_not_there_or_out_of_reach_is_a_404() {
    let api = Api::new().await;
    api.create("ana").await;
    let key = api.key(&[enlace_domain::key::Scope::Admin], Some(&["bruno"])).await;
    for path in OF_SESSION.iter().chain(&["messages/msg_1"]) {
        for (id, key) in [("nobody", ADMIN), ("ana", key.as_str())] {
            let answer = api.call(Method::DELETE, &format!("/v1/sessions/{id}/{path}"), key).await;
            answer.assert_problem(404, "session-not-found");
        }
    }
}
