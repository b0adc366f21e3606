use super::support::{ADMIN, Answer, Api, PAYLOAD};
use axum::body::Body;
use axum::http::{Method, Request};
use enlace_domain::key::Scope;
use enlace_domain::port::SendError;
use serde_json::{Value, json};

const PATH: &str = "/v1/sessions/ana/messages";

async fn send_with_key(api: &Api, idempotency_key: &str, body: &Value) -> Answer {
    let request = Request::post(PATH)
        .header("x-api-key", ADMIN)
        .header("content-type", "application/json")
        .header("idempotency-key", idempotency_key);
    api.send(request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn an_acknowledged_message_is_201_and_is_listed_and_read_as_it_was_answered() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    let answer = api.post(PATH, &json!({"to": "+999 100 000 002", "text": "Good morning ☀"})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let message = answer.json();
    assert_eq!(message["status"], "sent");
    assert_eq!(message["text"], "Good morning ☀");
    assert_eq!(message["chat"], "999100000002@s.whatsapp.net");
    assert_eq!(message["from"], "999100000001@s.whatsapp.net");
    assert_eq!(message["from_me"], true);
    assert!(message["id"].as_str().unwrap().starts_with("msg_"));
    assert!(message.get("waiting").is_none());
    let left = connection.next_sent().await;
    assert_eq!(message["wa_id"], left.wa_id);
    let listed = api.get(PATH).await.json();
    assert_eq!(listed["items"], json!([message]));
    assert_eq!(listed["next_page_token"], Value::Null);
    let id = message["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("{PATH}/{id}")).await.json(), message);
}

#[tokio::test]
async fn a_message_that_is_not_acknowledged_in_time_is_202_with_the_same_id_and_a_reason() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    connection.hold_sends();
    let answer = api.post(PATH, &json!({"to": "999100000002", "text": "Later", "wait": 0})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let queued = answer.json();
    assert_eq!(queued["status"], "queued");
    assert_eq!(queued["waiting"]["reason"], "sending");
    connection.release_sends();
    let body = json!({"to": "999100000002", "text": "After it"});
    assert_eq!(api.post(PATH, &body).await.status, 201);
    let id = queued["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("{PATH}/{id}")).await.json()["status"], "sent");
}

#[tokio::test]
async fn a_message_of_a_session_that_is_offline_waits() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    connection.lose("stream-ended").await;
    api.until_state("ana", "reconnecting").await;
    let answer = api.post(PATH, &json!({"to": "999100000002", "text": "Later", "wait": 0})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["status"], "queued");
}

#[tokio::test]
async fn a_session_that_is_not_linked_sends_nothing() {
    let api = Api::new().await;
    api.create("ana").await;
    api.post(PATH, &json!({"to": "999100000002", "text": "Hi"})).await.assert_problem(409, "link-required");
}

#[tokio::test]
async fn a_refusal_by_the_network_is_told() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    connection.answer_send(Err(SendError::Refused { reason: "463".to_owned() }));
    let answer = api.post(PATH, &json!({"to": "999100000002", "text": "Hi"})).await;
    let problem = answer.assert_problem(422, "message-refused");
    assert!(problem["detail"].as_str().unwrap().contains("463"));
    let stored = api.get(&format!("{PATH}/{}", problem["message_id"].as_str().unwrap())).await.json();
    assert_eq!((&stored["status"], &stored["text"]), (&json!("failed"), &json!("Hi")));
}

#[tokio::test]
async fn each_bad_field_of_a_message_is_named() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    for (body, field) in [
        (json!({"text": "Hi"}), "to"),
        (json!({"to": "", "text": "Hi"}), "to"),
        (json!({"to": "nobody", "text": "Hi"}), "to"),
        (json!({"to": "12", "text": "Hi"}), "to"),
        (json!({"to": {"phone": "1"}, "text": "Hi"}), "to"),
        (json!({"to": "999100000002"}), "text"),
        (json!({"to": "999100000002", "text": ""}), "text"),
        (json!({"to": "999100000002", "text": " \n"}), "text"),
        (json!({"to": "999100000002", "text": "x".repeat(65_537)}), "text"),
        (json!({"to": "999100000002", "text": "Hi", "wait": 61}), "wait"),
        (json!({"to": "999100000002", "text": "Hi", "txet": "Hi"}), "txet"),
    ] {
        api.post(PATH, &body).await.assert_invalid(field);
    }
    assert_eq!(api.get(PATH).await.json()["items"], json!([]));
    assert!(!connection.is_closed());
}

#[tokio::test]
async fn a_kind_that_is_not_sent_yet_is_said_by_name() {
    let api = Api::new().await;
    api.create("ana").await;
    for kind in ["image", "video", "document", "poll", "location", "reaction"] {
        let body = json!({"to": "999100000002", kind: {"data": "AAAA"}});
        let problem = api.post(PATH, &body).await.assert_problem(501, "unsupported");
        assert_eq!(problem["field"], kind);
    }
}

#[tokio::test]
async fn a_repeated_idempotency_key_answers_with_the_first_message() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    let first = send_with_key(&api, "order-7", &json!({"to": "999100000002", "text": "Hi"})).await;
    assert_eq!(first.status, 201, "{first:?}");
    let same = send_with_key(&api, "order-7", &json!({"text": "Hi", "to": "999100000002"})).await;
    assert_eq!(same.status, 201, "{same:?}");
    assert_eq!(same.json()["id"], first.json()["id"]);
    assert_eq!(api.get(PATH).await.json()["items"].as_array().unwrap().len(), 1);
    let other = send_with_key(&api, "order-7", &json!({"to": "999100000002", "text": "Bye"})).await;
    other.assert_problem(409, "idempotency-mismatch");
    assert_eq!(connection.next_sent().await.content, enlace_domain::message::Content::Text("Hi".to_owned()));
}

#[tokio::test]
async fn a_repeated_idempotency_key_may_come_with_another_wait() {
    let api = Api::new().await;
    let connection = api.online("ana").await;
    connection.hold_sends();
    let body = |wait: Value| json!({"to": "999100000002", "text": "Hi", "wait": wait});
    let first = send_with_key(&api, "order-8", &body(json!(0))).await;
    assert_eq!(first.status, 202, "{first:?}");
    connection.release_sends();
    for wait in [json!(60), Value::Null, json!("")] {
        let again = send_with_key(&api, "order-8", &body(wait)).await;
        assert_eq!(again.status, 201, "{again:?}");
        assert_eq!(again.json()["id"], first.json()["id"]);
    }
    assert_eq!(api.get(PATH).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_is_short_and_printable() {
    let api = Api::new().await;
    api.online("ana").await;
    let body = json!({"to": "999100000002", "text": "Hi"});
    send_with_key(&api, &"k".repeat(256), &body).await.assert_invalid("Idempotency-Key");
    send_with_key(&api, "clé", &body).await.assert_invalid("Idempotency-Key");
    assert_eq!(send_with_key(&api, &"k".repeat(255), &body).await.status, 201);
    let (one, two) = (send_with_key(&api, "", &body).await, send_with_key(&api, "", &body).await);
    assert_ne!(one.json()["id"], two.json()["id"]);
}

#[tokio::test]
async fn messages_are_listed_newest_first_in_pages_and_by_chat_status_and_side() {
    let api = Api::new().await;
    api.online("ana").await;
    for (to, text) in [("999100000002", "one"), ("999100000003", "two"), ("999100000002", "three")] {
        assert_eq!(api.post(PATH, &json!({"to": to, "text": text})).await.status, 201);
    }
    let texts = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(api.get(PATH).await.json()), ["three", "two", "one"]);
    assert_eq!(
        texts(api.get(&format!("{PATH}?chat=%2B999%20100%20000%20002")).await.json()),
        ["three", "one"]
    );
    assert_eq!(texts(api.get(&format!("{PATH}?from_me=false")).await.json()), Vec::<String>::new());
    assert_eq!(texts(api.get(&format!("{PATH}?status=sent&from_me=true")).await.json()).len(), 3);
    let first = api.get(&format!("{PATH}?page_size=2")).await.json();
    let token = first["next_page_token"].as_str().unwrap().to_owned();
    assert_eq!(texts(first), ["three", "two"]);
    let rest = api.get(&format!("{PATH}?page_size=2&page_token={token}")).await.json();
    assert_eq!(texts(rest), ["one"]);
    for (query, field) in [("chat=nobody", "chat"), ("status=gone", "status"), ("from_me=maybe", "from_me")] {
        api.get(&format!("{PATH}?{query}")).await.assert_invalid(field);
    }
}

#[tokio::test]
async fn an_unknown_message_is_not_found() {
    let api = Api::new().await;
    api.awaiting_scan("ana", PAYLOAD).await;
    api.get(&format!("{PATH}/msg_nothing")).await.assert_problem(404, "message-not-found");
}

#[tokio::test]
async fn a_key_that_only_sends_cannot_read() {
    let api = Api::new().await;
    api.online("ana").await;
    let key = api.key(&[Scope::Send], None).await;
    let body = json!({"to": "999100000002", "text": "Hi"});
    assert_eq!(api.call_with(Method::POST, PATH, &key, &body).await.status, 201);
    api.call(Method::GET, PATH, &key).await.assert_problem(403, "scope-missing");
}
