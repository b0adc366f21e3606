use super::support::{ADMIN, Answer, Api, PAYLOAD, eventually};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use enlace_domain::key::Scope;
use enlace_web::TrustedProxies;
use serde_json::{Value, json};
use std::net::SocketAddr;

const FROM: &str = "203.0.113.7";

/// A request of the admin key's from a far address.
async fn from_afar(api: &Api, method: Method, path: &str, body: &Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-api-key", ADMIN);
    let request = request.header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    let address: SocketAddr = format!("{FROM}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(address));
    api.send(request).await
}

/// The only record of an action; records of links are stored beside the answer.
async fn only(api: &Api, action: &str) -> Value {
    let path = format!("/v1/audit?action={action}");
    eventually(async || {
        let records = api.get(&path).await.json()["items"].as_array().unwrap().clone();
        assert!(records.len() <= 1, "{records:?}");
        records.into_iter().next()
    })
    .await
}

#[tokio::test]
async fn what_is_done_to_keys_and_links_is_kept_with_who_when_and_from_where() {
    let api = Api::new().await;
    let admin = api.get("/v1/keys").await.json()["items"][0]["id"].clone();
    let first = only(&api, "key.created").await;
    assert_eq!((&first["key"], &first["target"]), (&Value::Null, &admin), "{first}");

    let body = json!({"name": "n8n", "scopes": ["link"], "sessions": ["ana"]});
    let made = from_afar(&api, Method::POST, "/v1/keys", &body).await.json();
    let path = format!("/v1/keys/{}", made["id"].as_str().unwrap());
    from_afar(&api, Method::PATCH, &path, &json!({"name": "n9n"})).await;
    from_afar(&api, Method::DELETE, &path, &Value::Null).await;
    from_afar(&api, Method::POST, "/v1/stream-tickets", &json!({})).await;
    api.awaiting_scan("ana", PAYLOAD).await;
    from_afar(&api, Method::GET, "/v1/sessions/ana/qr?format=text", &Value::Null).await;
    let code = json!({"method": "code", "phone": "999100000001"});
    for _ in 0..2 {
        let linked = from_afar(&api, Method::POST, "/v1/sessions/ana/link", &code).await;
        assert_eq!(linked.status, 200, "{linked:?}");
    }
    from_afar(&api, Method::POST, "/v1/sessions/ana/logout", &Value::Null).await;
    from_afar(&api, Method::DELETE, "/v1/sessions/ana", &Value::Null).await;

    for (action, session, target) in [
        ("key.changed", &Value::Null, &made["id"]),
        ("key.revoked", &Value::Null, &made["id"]),
        ("stream_ticket.created", &Value::Null, &Value::Null),
        ("link.code_issued", &json!("ana"), &Value::Null),
        ("session.logged_out", &json!("ana"), &Value::Null),
        ("session.deleted", &json!("ana"), &Value::Null),
    ] {
        let record = only(&api, action).await;
        assert_eq!((&record["key"], &record["from"]), (&admin, &json!(FROM)), "{record}");
        assert_eq!((&record["session"], &record["target"]), (session, target), "{record}");
        assert!(record["at"].as_str().unwrap().ends_with('Z') && record["data"].is_object(), "{record}");
    }
    // Read twice, but by one key in one round.
    assert_eq!(only(&api, "link.qr_read").await["key"], admin);
    // The look that began the link, and two asks for a code; each is stored beside its answer, so in no certain order.
    let asked = eventually(async || {
        let asked = api.get("/v1/audit?action=link.asked").await.json()["items"].as_array().unwrap().clone();
        (asked.len() == 3).then_some(asked)
    });
    let mut methods: Vec<_> = asked.await.iter().map(|record| record["data"]["method"].clone()).collect();
    methods.sort_by_key(Value::to_string);
    assert_eq!(methods, ["code", "code", "look"]);
    let all = api.get("/v1/audit?page_size=200").await;
    let key = made["key"].as_str().unwrap();
    for secret in [key, ADMIN, PAYLOAD, "999100000001", "ABCD1234", "ABCD-1234", "tkt_"] {
        assert!(!all.text().contains(secret), "{secret} is in {all:?}");
    }
}

/// Fails when something that changes the way or the life of a link leaves no record, or one with a secret in it.
#[tokio::test]
async fn what_is_done_to_a_sessions_life_passkey_and_proxy_is_kept_without_secrets() {
    let api = Api::new().await;
    let connection = api.awaiting_scan("ana", PAYLOAD).await;
    connection.ask_passkey(json!({"challenge": "c3VycHJpc2U", "rpId": "web.whatsapp.com"})).await;
    let passkey = "/v1/sessions/ana/passkey";
    api.until_state("ana", "awaiting_passkey").await;
    let signed = json!({
        "rawId": "AQID",
        "response": {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "c2lnbmVk"}
    });
    assert_eq!(from_afar(&api, Method::POST, passkey, &signed).await.status, 202);
    // Refused, because there is no code yet; asked all the same.
    from_afar(&api, Method::POST, "/v1/sessions/ana/passkey/confirm", &Value::Null).await;
    for verb in ["stop", "start", "restart"] {
        let path = format!("/v1/sessions/ana/{verb}");
        let answer = from_afar(&api, Method::POST, &path, &Value::Null).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let proxy = json!({"name": "Ana", "proxy": "http://ana:s3cret@proxy.example:3128"});
    for _ in 0..2 {
        let answer = from_afar(&api, Method::PATCH, "/v1/sessions/ana", &proxy).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for action in
        ["passkey.answered", "passkey.confirmed", "session.stopped", "session.started", "session.restarted"]
    {
        let record = only(&api, action).await;
        assert_eq!((&record["session"], &record["from"]), (&json!("ana"), &json!(FROM)), "{record}");
    }
    // Once: the second patch changed nothing of it.
    assert_eq!(only(&api, "session.proxy_changed").await["data"], json!({"proxy": true}));
    let all = api.get("/v1/audit?page_size=200").await;
    for secret in ["s3cret", "proxy.example", "c2lnbmVk", "c3VycHJpc2U"] {
        assert!(!all.text().contains(secret), "{secret} is in {all:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_where_a_request_came_from() {
    let proxies = TrustedProxies::new([format!("{FROM}/32").parse().unwrap()]);
    let api = Api::with(|state| state.trusted_proxies = proxies).await;
    let request = Request::post("/v1/stream-tickets").header("x-api-key", ADMIN);
    let mut request = request.header("x-forwarded-for", "198.51.100.9").body(Body::empty()).unwrap();
    let proxy: SocketAddr = format!("{FROM}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(proxy));
    api.send(request).await;
    assert_eq!(only(&api, "stream_ticket.created").await["from"], "198.51.100.9");
}

#[tokio::test]
async fn a_forced_link_is_kept_as_such() {
    let api = Api::new().await;
    api.create("ana").await;
    let forced = json!({"method": "qr", "force": true, "wait": 0});
    api.post("/v1/sessions/ana/link", &forced).await;
    assert_eq!(only(&api, "link.forced").await["session"], "ana");
    assert_eq!(api.get("/v1/audit?action=link.asked").await.json()["items"], json!([]));
}

#[tokio::test]
async fn records_are_listed_in_pages_and_by_action_key_session_and_time() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for number in 0..3 {
        let body = json!({"name": format!("k{number}"), "scopes": ["read"]});
        ids.push(api.post("/v1/keys", &body).await.json()["id"].as_str().unwrap().to_owned());
    }
    let targets = async |query: &str| -> Vec<Value> {
        let items = api.get(&format!("/v1/audit?{query}")).await.json()["items"].clone();
        items.as_array().unwrap().iter().map(|record| record["target"].clone()).collect()
    };
    let newest_first: Vec<_> = ids.iter().rev().map(|id| json!(id)).collect();
    assert_eq!(targets("page_size=3").await, newest_first);
    assert_eq!(targets(&format!("key={}", ids[1])).await, [json!(ids[1])]);
    assert_eq!(targets("session=ana").await, [] as [Value; 0]);
    assert_eq!(targets("action=key.revoked,link.asked").await, [] as [Value; 0]);
    let at = api.get("/v1/audit?page_size=1").await.json()["items"][0]["at"].as_str().unwrap().to_owned();
    assert!(targets(&format!("since={at}")).await.contains(&json!(ids[2])));
    assert!(!targets(&format!("until={at}")).await.contains(&json!(ids[2])));
    let first = api.get("/v1/audit?page_size=2").await.json();
    let token = first["next_page_token"].as_str().unwrap();
    assert_eq!(targets(&format!("page_size=2&page_token={token}")).await[0], json!(ids[0]));
}

#[tokio::test]
async fn a_bad_filter_of_the_audit_log_is_named() {
    let api = Api::new().await;
    for (field, query) in [
        ("action", "action=key.created,nothing"),
        ("session", "session=no%20id"),
        ("since", "since=yesterday"),
        ("until", "until=1"),
        ("page_size", "page_size=201"),
    ] {
        api.get(&format!("/v1/audit?{query}")).await.assert_invalid(field);
    }
    api.get("/v1/audit?page_token=x").await.assert_problem(422, "invalid-page-token");
    let limited = api.key(&[Scope::Admin], Some(&["ana"])).await;
    api.call(Method::GET, "/v1/audit", &limited).await.assert_problem(403, "key-limited");
}
