use super::support::sse::Server;
use super::support::{ADMIN, Api, PAYLOAD, eventually};
use axum::http::Method;
use chrono::TimeDelta;
use enlace_domain::clock::{Clock, SystemClock, millis};
use enlace_domain::key::Scope;
use serde_json::{Value, json};

/// Makes a key through the API and gives its id and the key.
async fn make(api: &Api, body: &Value) -> (String, String) {
    let answer = api.post("/v1/keys", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_key_is_made_shown_once_and_works_until_it_is_revoked() {
    let api = Api::new().await;
    let body = json!({"name": " n8n ", "scopes": ["send", "read", "read"], "sessions": ["ana"]});
    let answer = api.post("/v1/keys", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let mut made = answer.json();
    let key = made.as_object_mut().unwrap().remove("key").unwrap();
    let key = key.as_str().unwrap();
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!((&made["name"], &made["scopes"]), (&json!("n8n"), &json!(["read", "send"])));
    assert_eq!((&made["sessions"], &made["expires_at"]), (&json!(["ana"]), &Value::Null));
    assert_eq!(made["last_used_at"], Value::Null);
    assert_eq!(api.get(&path).await.json(), made, "it is read as it was made, without the key");

    assert_eq!(api.call(Method::GET, "/v1/version", key).await.status, 200);
    // Its use is stored beside the answer.
    let used = super::support::eventually(async || {
        let used = api.get(&path).await.json()["last_used_at"].clone();
        (!used.is_null()).then_some(used)
    });
    assert!(used.await.as_str().unwrap().ends_with('Z'));

    let revoked = api.delete(&path).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (204, 0));
    api.call(Method::GET, "/v1/version", key).await.assert_problem(401, "key-invalid");
    api.get(&path).await.assert_problem(404, "key-not-found");
}

#[tokio::test]
async fn keys_are_listed_in_pages_without_their_text() {
    let api = Api::new().await;
    let (_, key) = make(&api, &json!({"name": "one", "scopes": ["read"]})).await;
    make(&api, &json!({"name": "two", "scopes": ["admin"], "sessions": null})).await;
    let all = api.get("/v1/keys").await;
    assert!(!all.text().contains(&key) && !all.text().contains("hash"), "{all:?}");
    let names = |answer: &Value| -> Vec<String> {
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all.json()), ["admin", "one", "two"]);
    let first = api.get("/v1/keys?page_size=2").await.json();
    assert_eq!(names(&first), ["admin", "one"]);
    let token = first["next_page_token"].as_str().unwrap();
    let rest = api.get(&format!("/v1/keys?page_size=2&page_token={token}")).await.json();
    assert_eq!((names(&rest), &rest["next_page_token"]), (vec!["two".to_owned()], &Value::Null));
    api.get("/v1/keys?page_size=201").await.assert_invalid("page_size");
    api.get("/v1/keys?page_token=x").await.assert_problem(422, "invalid-page-token");
}

#[tokio::test]
async fn each_bad_field_of_a_key_is_named() {
    let api = Api::new().await;
    let (id, _) = make(&api, &json!({"name": "one", "scopes": ["read"]})).await;
    let past = millis::format(&(SystemClock.now() - TimeDelta::hours(1)));
    let with = |member: &str, value: Value| {
        let mut body = json!({"name": "x", "scopes": ["read"]});
        body[member] = value;
        body
    };
    for (field, value) in [
        ("name", json!("x".repeat(101))),
        ("name", json!("a\nb")),
        ("scopes", json!([])),
        ("scopes", json!(["read", "write"])),
        ("sessions", json!(["no id"])),
        ("expires_at", json!("tomorrow")),
        ("expires_at", json!(past)),
        ("expires_in", json!(0)),
        ("expires_in", json!(u64::MAX)),
        ("color", json!("red")),
    ] {
        let body = with(field, value);
        api.post("/v1/keys", &body).await.assert_invalid(field);
        api.patch(&format!("/v1/keys/{id}"), &body).await.assert_invalid(field);
    }
    for missing in ["name", "scopes"] {
        let mut body = json!({"name": "x", "scopes": ["read"]});
        body.as_object_mut().unwrap().remove(missing);
        api.post("/v1/keys", &body).await.assert_invalid(missing);
    }
    let both =
        json!({"name": "x", "scopes": ["read"], "expires_in": 9, "expires_at": "2999-01-01T00:00:00Z"});
    api.post("/v1/keys", &both).await.assert_invalid("expires_in");
    assert_eq!(api.get("/v1/keys").await.json()["items"].as_array().unwrap().len(), 2, "nothing was made");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_a_404() {
    let api = Api::new().await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = api.call(method, "/v1/keys/key_nothing", ADMIN).await;
        answer.assert_problem(404, "key-not-found");
    }
}

#[tokio::test]
async fn a_patch_of_a_key_counts_from_the_next_request_on() {
    let api = Api::new().await;
    api.create("ana").await;
    let (id, key) = make(&api, &json!({"name": "one", "scopes": ["read"], "expires_in": 3600})).await;
    let path = format!("/v1/keys/{id}");
    assert_eq!(api.call(Method::GET, "/v1/sessions/ana", &key).await.status, 200);
    let changed = api.patch(&path, &json!({"sessions": ["bruno"], "name": "two"})).await.json();
    assert_eq!((&changed["name"], &changed["sessions"]), (&json!("two"), &json!(["bruno"])));
    assert!(changed["expires_at"].is_string() && changed["scopes"] == json!(["read"]), "{changed}");
    api.call(Method::GET, "/v1/sessions/ana", &key).await.assert_problem(404, "session-not-found");
    let freed = api.patch(&path, &json!({"sessions": null, "expires_at": null, "scopes": ["send"]})).await;
    let freed = freed.json();
    assert_eq!((&freed["sessions"], &freed["expires_at"]), (&Value::Null, &Value::Null));
    api.call(Method::GET, "/v1/sessions/ana", &key).await.assert_problem(403, "scope-missing");
    let nothing = api.patch(&path, &json!({})).await;
    assert_eq!((nothing.status.as_u16(), &nothing.json()["name"]), (200, &json!("two")));
}

#[tokio::test]
async fn the_last_lasting_admin_key_can_not_be_given_up() {
    let api = Api::new().await;
    let admin = api.get("/v1/keys").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/keys/{admin}");
    make(&api, &json!({"name": "for an hour", "scopes": ["admin"], "expires_in": 3600})).await;
    make(&api, &json!({"name": "for ana", "scopes": ["admin"], "sessions": ["ana"]})).await;
    api.delete(&path).await.assert_problem(409, "last-admin-key");
    for change in [json!({"scopes": ["manage"]}), json!({"sessions": []}), json!({"expires_in": 9})] {
        api.patch(&path, &change).await.assert_problem(409, "last-admin-key");
    }
    let (_, second) = make(&api, &json!({"name": "second", "scopes": ["admin"]})).await;
    assert_eq!(api.delete(&path).await.status, 204, "a key may revoke itself while another rules");
    api.get("/v1/keys").await.assert_problem(401, "key-invalid");
    assert_eq!(api.call(Method::GET, "/v1/keys", &second).await.status, 200);
}

/// The code of the last word of a stream, which ends right after it.
async fn last_word(mut reader: super::support::sse::Reader) -> Value {
    let frame = reader.event_of("stream.ended").await;
    assert_eq!((frame.event.as_deref(), &frame.id), (Some("stream.ended"), &None));
    assert_eq!(reader.frame().await, None, "the stream goes on after its last word");
    frame.data()["code"].clone()
}

#[tokio::test]
async fn an_open_stream_ends_with_its_key_and_says_why() {
    let api = Api::new().await;
    api.create("ana").await;
    let server = Server::of(&api).await;
    for (method, change, code) in [
        (Method::DELETE, Value::Null, "key-revoked"),
        (Method::PATCH, json!({"scopes": ["send"]}), "key-changed"),
        (Method::PATCH, json!({"sessions": ["ana"]}), "key-changed"),
    ] {
        let (id, key) = make(&api, &json!({"name": "reader", "scopes": ["read"]})).await;
        let mut one = server.open_with("/v1/events", &key, None).await;
        let mut other = server.open_with("/v1/sessions/ana/events", &key, None).await;
        let mut mine = server.open("/v1/events?types=session.deleted").await;
        for reader in [&mut one, &mut other, &mut mine] {
            reader.frame().await.unwrap();
        }
        let path = format!("/v1/keys/{id}");
        // A new name changes no right, and so no stream.
        assert_eq!(api.patch(&path, &json!({"name": "renamed"})).await.status, 200);
        let answer = api.call_with(method, &path, ADMIN, &change).await;
        assert!(answer.status.is_success(), "{answer:?}");
        api.create("after").await;
        for reader in [one, other] {
            assert_eq!(last_word(reader).await, code);
        }
        api.delete("/v1/sessions/after").await;
        assert_eq!(mine.event().await.data()["session"], "after", "another key's stream goes on");
    }
}

#[tokio::test]
async fn nothing_is_shown_to_a_key_that_was_revoked_before_its_stream_could_be_read() {
    let api = Api::new().await;
    for number in 0..5 {
        api.create(&format!("s{number}")).await;
    }
    let (id, key) = make(&api, &json!({"name": "reader", "scopes": ["read"]})).await;
    let request = axum::http::Request::get("/v1/events?after=0").header("x-api-key", &key);
    let request = request.body(axum::body::Body::empty()).unwrap();
    // The answer is there; nobody has read of it yet.
    let response = tower::ServiceExt::oneshot(api.router.clone(), request).await.unwrap();
    assert_eq!(api.delete(&format!("/v1/keys/{id}")).await.status, 204);
    let answer = super::support::Answer::read(response).await;
    assert!(answer.text().contains("key-revoked") && !answer.text().contains("session.state"), "{answer:?}");
}

#[tokio::test]
async fn a_stream_ends_when_its_key_expires() {
    let api = Api::new().await;
    let server = Server::of(&api).await;
    let key = api.key_for(&[Scope::Read], TimeDelta::seconds(6)).await;
    let reader = server.open_with("/v1/events?named=true", &key, None).await;
    assert_eq!(last_word(reader).await, "key-expired");
    let again = api.call(Method::GET, "/v1/events", &key).await;
    again.assert_problem(401, "key-expired");
}

/// Fails when what a key waits for is handed out after the key was revoked.
#[tokio::test]
async fn a_key_that_is_revoked_while_it_waits_gets_no_qr_and_no_code() {
    let api = Api::new().await;
    for (session, method, path, body) in [
        ("ana", Method::GET, "qr?wait=30&format=text", Value::Null),
        ("bruno", Method::POST, "link", json!({"method": "qr", "wait": 30})),
    ] {
        api.create(session).await;
        let (id, key) = make(&api, &json!({"name": "page", "scopes": ["link"]})).await;
        let path = format!("/v1/sessions/{session}/{path}");
        let (answer, ()) = tokio::join!(api.call_with(method, &path, &key, &body), async {
            let connection = api.network.next_connection().await;
            assert_eq!(api.delete(&format!("/v1/keys/{id}")).await.status, 204);
            connection.show_qr(PAYLOAD).await;
        });
        answer.assert_problem(401, "key-invalid");
        assert!(!answer.text().contains(PAYLOAD), "{answer:?}");
    }

    let connection = api.awaiting_scan("carla", PAYLOAD).await;
    connection.hold_codes();
    let (id, key) = make(&api, &json!({"name": "page", "scopes": ["link"]})).await;
    let code = json!({"method": "code", "phone": "+999 100 000 001", "wait": 30});
    let (answer, ()) =
        tokio::join!(api.call_with(Method::POST, "/v1/sessions/carla/link", &key, &code), async {
            eventually(async || connection.codes_asked().pop()).await;
            assert_eq!(api.delete(&format!("/v1/keys/{id}")).await.status, 204);
            connection.release_codes();
        });
    answer.assert_problem(401, "key-invalid");
}

/// Fails when a key that may do less goes on waiting with what it was allowed before.
#[tokio::test]
async fn a_key_that_is_changed_while_it_waits_is_asked_to_ask_again() {
    let api = Api::new().await;
    api.create("ana").await;
    let (id, key) = make(&api, &json!({"name": "page", "scopes": ["link"]})).await;
    let (answer, ()) = tokio::join!(api.call(Method::GET, "/v1/sessions/ana/qr?wait=30", &key), async {
        let connection = api.network.next_connection().await;
        let narrower = api.patch(&format!("/v1/keys/{id}"), &json!({"scopes": ["read"]})).await;
        assert_eq!(narrower.status, 200, "{narrower:?}");
        connection.show_qr(PAYLOAD).await;
    });
    answer.assert_problem(401, "key-changed");
}
