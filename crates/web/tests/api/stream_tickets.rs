use super::support::sse::Server;
use super::support::{ADMIN, Answer, Api, PAYLOAD};
use axum::body::Body;
use axum::http::{Method, Request};
use enlace_domain::key::Scope;
use serde_json::{Value, json};

async fn make(api: &Api, key: &str, body: &Value) -> String {
    let answer = api.call_with(Method::POST, "/v1/stream-tickets", key, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["ticket"].as_str().unwrap().to_owned()
}

/// A request that carries the ticket and no key.
async fn with_ticket(api: &Api, method: Method, path: &str, ticket: &str) -> Answer {
    let uri = format!("{path}{}ticket={ticket}", if path.contains('?') { '&' } else { '?' });
    api.send(Request::builder().method(method).uri(uri).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_ticket_opens_streams_again_and_again_until_it_expires() {
    let api = Api::new().await;
    api.create("ana").await;
    let server = Server::of(&api).await;
    let made = api.post("/v1/stream-tickets", &json!({"expires_in": 6})).await.json();
    let ticket = made["ticket"].as_str().unwrap();
    assert!(ticket.starts_with("tkt_") && made["expires_at"].as_str().unwrap().ends_with('Z'), "{made}");
    let path = format!("/v1/events?after=0&ticket={ticket}");
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut reader = server.open_without_key(&path).await;
        assert_eq!(reader.event().await.data()["session"], "ana");
        readers.push(reader);
    }
    // An expired one opens nothing; `after=x` makes the living one a 400, so that no stream is read to its end.
    super::support::eventually(async || {
        let answer = with_ticket(&api, Method::GET, "/v1/events?after=x", ticket).await;
        match answer.status.as_u16() {
            400 => None,
            _ => Some(answer.assert_problem(401, "ticket-expired")),
        }
    })
    .await;
    // What it opened goes on.
    api.create("bruno").await;
    for mut reader in readers {
        assert_eq!(reader.event().await.data()["session"], "bruno");
    }
}

#[tokio::test]
async fn a_ticket_opens_event_streams_and_nothing_else() {
    let api = Api::new().await;
    api.create("ana").await;
    let ticket = make(&api, ADMIN, &json!({"secrets": true})).await;
    for (method, path) in [
        (Method::GET, "/v1/version"),
        (Method::GET, "/v1/sessions"),
        (Method::GET, "/v1/sessions/ana"),
        (Method::GET, "/v1/sessions/ana/qr"),
        (Method::POST, "/v1/sessions/ana/link"),
        (Method::POST, "/v1/stream-tickets"),
        (Method::GET, "/v1/keys"),
    ] {
        with_ticket(&api, method, path, &ticket).await.assert_problem(401, "key-missing");
    }
    let as_key = api.call(Method::GET, "/v1/events?after=x", &ticket).await;
    as_key.assert_problem(401, "key-invalid");
    for path in ["/v1/events?after=x", "/v1/sessions/ana/events?after=x"] {
        with_ticket(&api, Method::GET, path, &ticket).await.assert_problem(400, "invalid-cursor");
        with_ticket(&api, Method::GET, path, "tkt_nothing").await.assert_problem(401, "ticket-invalid");
    }
}

#[tokio::test]
async fn a_ticket_is_narrower_than_its_key() {
    let api = Api::new().await;
    for id in ["ana", "bruno", "carla"] {
        api.create(id).await;
    }
    let key = api.key(&[Scope::Read], Some(&["ana", "bruno"])).await;
    let server = Server::of(&api).await;
    let of_ana = make(&api, &key, &json!({"session": "ana", "types": ["session.state"]})).await;
    let mut reader = server.open_without_key(&format!("/v1/events?after=0&ticket={of_ana}")).await;
    api.call(Method::DELETE, "/v1/sessions/ana", ADMIN).await;
    api.create("ana").await;
    for _ in 0..2 {
        let frame = reader.event().await;
        assert_eq!(
            (&frame.data()["session"], &frame.data()["type"]),
            (&json!("ana"), &json!("session.state"))
        );
    }
    let other = with_ticket(&api, Method::GET, "/v1/sessions/bruno/events", &of_ana).await;
    other.assert_problem(404, "session-not-found");
    let types = with_ticket(&api, Method::GET, "/v1/events?types=session.qr", &of_ana).await;
    types.assert_invalid("types");
    for (body, status, code) in [
        (json!({"session": "carla"}), 404, "session-not-found"),
        (json!({"session": "nobody"}), 404, "session-not-found"),
        (json!({"session": "no id"}), 404, "session-not-found"),
        (json!({"secrets": true}), 403, "scope-missing"),
    ] {
        let answer = api.call_with(Method::POST, "/v1/stream-tickets", &key, &body).await;
        answer.assert_problem(status, code);
    }
}

#[tokio::test]
async fn a_qr_is_in_the_events_of_a_ticket_only_when_it_was_made_for_secrets() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    let server = Server::of(&api).await;
    for (secrets, qr) in [(true, json!(PAYLOAD)), (false, Value::Null)] {
        let ticket = make(&api, ADMIN, &json!({"session": "ana", "secrets": secrets})).await;
        let path = format!("/v1/sessions/ana/events?after=0&types=session.qr&ticket={ticket}");
        let frame = server.open_without_key(&path).await.event().await;
        assert_eq!(frame.data()["data"]["qr"], qr, "{frame:?}");
    }
}

#[tokio::test]
async fn a_ticket_and_what_it_opened_die_with_its_key() {
    let api = Api::new().await;
    let made = api.post("/v1/keys", &json!({"name": "page", "scopes": ["read"]})).await.json();
    let ticket = make(&api, made["key"].as_str().unwrap(), &json!({})).await;
    let server = Server::of(&api).await;
    let mut reader = server.open_without_key(&format!("/v1/events?ticket={ticket}")).await;
    reader.frame().await.unwrap();
    assert_eq!(api.delete(&format!("/v1/keys/{}", made["id"].as_str().unwrap())).await.status, 204);
    assert_eq!(reader.event().await.data()["code"], "key-revoked");
    assert_eq!(reader.frame().await, None);
    let again = with_ticket(&api, Method::GET, "/v1/events?after=x", &ticket).await;
    again.assert_problem(401, "ticket-invalid");
}

/// Fails when one key can take the tickets of all others.
#[tokio::test]
async fn a_key_that_made_too_many_tickets_leaves_some_for_others() {
    let api = Api::new().await;
    let key = api.key(&[Scope::Read], None).await;
    for _ in 0..200 {
        make(&api, &key, &json!({})).await;
    }
    let one_more = api.call_with(Method::POST, "/v1/stream-tickets", &key, &json!({})).await;
    one_more.assert_problem(429, "too-many-tickets");
    make(&api, ADMIN, &json!({})).await;
}

#[tokio::test]
async fn each_bad_field_of_a_ticket_is_named() {
    let api = Api::new().await;
    for (field, body) in [
        ("expires_in", json!({"expires_in": 0})),
        ("expires_in", json!({"expires_in": 601})),
        ("types", json!({"types": ["session.qr", "session.nothing"]})),
        ("types", json!({"types": []})),
        ("secrets", json!({"secrets": "yes"})),
        ("scope", json!({"scope": "read"})),
    ] {
        api.post("/v1/stream-tickets", &body).await.assert_invalid(field);
    }
}
