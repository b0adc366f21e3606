//! The control API over HTTP: each deed, and each refusal.

use std::net::SocketAddr;

use enlace_simulator::{FaultState, Simulator, SimulatorConfig};
use serde_json::{Value, json};
use wacore_binary::builder::NodeBuilder;

use crate::companion::{Companion, attr, child, server};
use crate::messages::until;

const KEY: &str = "a control key of a test";

pub(crate) struct Api {
    pub(crate) simulator: Simulator,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(SimulatorConfig::default()).await
    }

    pub(crate) async fn with(config: SimulatorConfig) -> Self {
        let simulator = Simulator::start(config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = simulator.whole_router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        // The first to need TLS in this process says with what.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { simulator, base, http: reqwest::Client::builder().build().unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(format!("{}/simulator/v1{path}", self.base))).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.http.post(format!("{}/simulator/v1{path}", self.base)).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.http.delete(format!("{}/simulator/v1{path}", self.base))).await
    }

    pub(crate) async fn phone(&self, name: &str) -> String {
        let (status, phone) = self.post("/phones", json!({ "name": name })).await;
        assert_eq!(status, 201);
        phone["number"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{text}");
    }
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn refused((status, body): (u16, Value)) -> (u16, String) {
    assert!(!body["detail"].as_str().unwrap().is_empty());
    (status, body["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn info_names_doors_and_keys() {
    let api = Api::start().await;
    let (status, info) = api.get("/info").await;
    assert_eq!(status, 200);
    let port = api.base.rsplit(':').next().unwrap();
    assert_eq!(info["ws_url"], format!("ws://127.0.0.1:{port}/ws/chat"));
    assert_eq!(info["noise_static_public_key"], hex::encode(api.simulator.noise_static_public_key()));
    assert_eq!(info["cert_root_public_key"].as_str().unwrap().len(), 64);
    assert!(info["media_base"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    assert!(info["media_ca"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
}

#[tokio::test]
async fn phones_are_made_with_and_without_a_number() {
    let api = Api::start().await;
    let (_, ana) = api.post("/phones", json!({ "name": "Ana" })).await;
    let number = ana["number"].as_str().unwrap();
    assert!(number.len() == 12 && number.starts_with("999"));
    assert_eq!(ana["jid"], format!("{number}@s.whatsapp.net"));
    let (_, bruno) = api.post("/phones", json!({ "name": "Bruno", "number": "+999 123 456-789" })).await;
    assert_eq!(bruno["number"], "999123456789");
    assert_eq!(api.get("/phones").await.1.as_array().unwrap().len(), 2);
    assert_eq!(api.get("/phones/+999123456789").await.1["name"], "Bruno");
    let again = api.post("/phones", json!({ "name": "Carla", "number": "999123456789" })).await;
    assert_eq!(refused(again), (409, "phone-exists".to_owned()));
    let absurd = api.post("/phones", json!({ "name": "Carla", "number": "12" })).await;
    assert_eq!(refused(absurd), (422, "number-invalid".to_owned()));
    assert_eq!(refused(api.get("/phones/999000000000").await), (404, "phone-unknown".to_owned()));
    let nameless = api.post("/phones", json!({})).await;
    assert_eq!(refused(nameless), (422, "request-invalid".to_owned()));
    assert_eq!(refused(api.get("/nothing").await), (404, "path-unknown".to_owned()));
}

#[tokio::test]
async fn a_companion_is_linked_listed_and_unlinked() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let mut companion = Companion::new(&api.simulator);
    let (socket, qrs) = companion.offer(&api.simulator).await;
    let path = format!("/phones/{ana}/scan");
    let scan = api.post(&path, json!({ "qr": qrs[0] }));
    let ((status, body), ()) = futures::future::join(scan, companion.sign(socket)).await;
    assert_eq!((status, body), (200, json!({ "device": 1 })));
    assert_eq!(refused(api.post(&path, json!({ "qr": qrs[0] })).await), (410, "qr-dead".to_owned()));
    assert_eq!(refused(api.post(&path, json!({ "qr": "x" })).await), (422, "qr-invalid".to_owned()));
    let (mut socket, _) = companion.log_in(&api.simulator).await;
    let (_, devices) = api.get(&format!("/phones/{ana}/devices")).await;
    assert_eq!((devices[0]["id"].clone(), devices[0]["online"].clone()), (json!(1), json!(true)));
    let (_, connections) = api.get("/connections").await;
    assert_eq!(connections[0]["phone"], ana);
    assert_eq!(api.delete(&format!("/phones/{ana}/devices/1")).await.0, 204);
    socket.expect(|node| node.tag == "stream:error").await;
    let gone = api.delete(&format!("/phones/{ana}/devices/1")).await;
    assert_eq!(refused(gone), (404, "device-unknown".to_owned()));
}

#[tokio::test]
async fn a_companion_that_is_gone_cannot_be_unlinked_again_and_nobody_else_is_cut() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let phone = api.simulator.phone_by_number(&ana).unwrap();
    let (mut first, gone) = Companion::link(&api.simulator, &phone).await;
    let (_second, mut socket) = Companion::link(&api.simulator, &phone).await;
    assert_eq!(api.delete(&format!("/phones/{ana}/devices/1")).await.0, 204);
    drop(gone);
    for _ in 0..2 {
        let again = api.delete(&format!("/phones/{ana}/devices/1")).await;
        assert_eq!(refused(again), (404, "device-unknown".to_owned()));
    }
    let absurd = api.delete(&format!("/phones/{ana}/devices/x")).await;
    assert_eq!(refused(absurd), (422, "request-invalid".to_owned()));
    // A companion that asks for it hears the same and stays.
    let remove = NodeBuilder::new("remove-companion-device")
        .attr("jid", first.jid.take().unwrap())
        .attr("reason", "user_initiated")
        .build();
    let answer = socket.iq_any("set", "md", server(), [remove]).await;
    assert_eq!(attr(child(&answer, &["error"]), "code"), "404");
    socket.iq("get", "w:p", server(), []).await;
    assert_eq!(api.get(&format!("/phones/{ana}/devices")).await.1[0]["online"], true);
}

#[tokio::test]
async fn what_leads_nowhere_is_a_problem_too() {
    use reqwest::Method;
    let api = Api::start().await;
    let ask = |method: Method, path: &str| {
        let request = api.http.request(method, format!("{}{path}", api.base));
        async { refused(answer(request).await) }
    };
    for path in ["/", "/other", "/simulator", "/simulator/v1", "/simulator/v1/", "/simulator/v1/other/path"] {
        assert_eq!(ask(Method::GET, path).await, (404, "path-unknown".to_owned()), "{path}");
    }
    for path in ["/simulator/v1/phones/%ff", "/simulator/v1/phones/%ff/messages"] {
        assert_eq!(ask(Method::GET, path).await, (400, "path-invalid".to_owned()), "{path}");
    }
    for path in ["/simulator/v1/phones", "/simulator/v1/info", "/ws/chat"] {
        assert_eq!(ask(Method::PATCH, path).await, (405, "method-unknown".to_owned()), "{path}");
    }
    assert_eq!(ask(Method::GET, "/ws/chat").await.1, "websocket-expected");
}

#[tokio::test]
async fn codes_are_refused_in_so_many_words() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let path = format!("/phones/{ana}/pairing-code");
    assert_eq!(refused(api.post(&path, json!({ "code": "ABCD" })).await), (422, "code-invalid".to_owned()));
    let none = api.post(&path, json!({ "code": "ABCD-1234" })).await;
    assert_eq!(refused(none), (409, "code-not-pending".to_owned()));
}

#[tokio::test]
async fn messages_and_receipts_go_between_phones() {
    let api = Api::start().await;
    let (ana, bruno) = (api.phone("Ana").await, api.phone("Bruno").await);
    let path = format!("/phones/{ana}/messages");
    let (status, sent) = api.post(&path, json!({ "to": format!("+{bruno}"), "text": "hello" })).await;
    assert_eq!(status, 201);
    let other = api.simulator.phone_by_number(&bruno).unwrap();
    until(|| !other.messages().is_empty()).await;
    let (_, got) = api.get(&format!("/phones/{bruno}/messages")).await;
    assert_eq!(
        (&got[0]["id"], &got[0]["text"], &got[0]["from_me"]),
        (&sent["id"], &json!("hello"), &json!(false))
    );
    let receipts = format!("/phones/{bruno}/receipts");
    assert_eq!(api.post(&receipts, json!({ "ids": [sent["id"]], "type": "read" })).await.0, 204);
    let phone = api.simulator.phone_by_number(&ana).unwrap();
    until(|| phone.receipts().len() == 2).await;
    let (_, heard) = api.get(&format!("/phones/{ana}/receipts")).await;
    assert_eq!((&heard[0]["type"], &heard[1]["type"]), (&json!("delivered"), &json!("read")));
    let unknown = api.post(&receipts, json!({ "ids": ["NO"], "type": "read" })).await;
    assert_eq!(refused(unknown), (404, "message-unknown".to_owned()));
    let nobody = api.post(&path, json!({ "to": "999000000001", "text": "x" })).await;
    assert_eq!(refused(nobody), (422, "recipient-unknown".to_owned()));
    let nothing = api.post(&path, json!({ "to": bruno })).await;
    assert_eq!(refused(nothing), (422, "request-invalid".to_owned()));
}

#[tokio::test]
async fn an_image_arrives_byte_for_byte() {
    let api = Api::start().await;
    let (ana, bruno) = (api.phone("Ana").await, api.phone("Bruno").await);
    let image = json!({ "data": "iVBORw0KGgo=", "mimetype": "image/png", "caption": "look" });
    let path = format!("/phones/{ana}/messages");
    assert_eq!(api.post(&path, json!({ "to": bruno, "image": image })).await.0, 201);
    let phone = api.simulator.phone_by_number(&bruno).unwrap();
    until(|| !phone.messages().is_empty()).await;
    let (_, got) = api.get(&format!("/phones/{bruno}/messages")).await;
    let media =
        json!({ "kind": "image", "mimetype": "image/png", "caption": "look", "data": "iVBORw0KGgo=" });
    assert_eq!(got[0]["media"], media);
    let broken = json!({ "data": "%", "mimetype": "image/png" });
    assert_eq!(refused(api.post(&path, json!({ "to": bruno, "image": broken })).await).0, 422);
}

#[tokio::test]
async fn the_trace_shows_what_was_said() {
    let api = Api::start().await;
    api.phone("Ana").await;
    let companion = Companion::new(&api.simulator);
    let (_socket, _) = companion.offer(&api.simulator).await;
    let (_, text) = api.get("/trace").await;
    let text = text.as_str().unwrap();
    assert!(text.contains("S→C") && text.contains("<pair-device>"), "{text}");
    let (_, lines) = api.get("/trace?format=json&after=1").await;
    assert!(lines.as_array().unwrap().iter().all(|line| line["seq"].as_u64().unwrap() > 1));
    assert_eq!(refused(api.get("/trace?after=x").await), (422, "request-invalid".to_owned()));
    assert_eq!(api.delete("/trace").await.0, 204);
}

#[tokio::test]
async fn strangers_and_forwarded_requests_need_the_key() {
    let api = Api::start().await;
    let url = format!("{}/simulator/v1/phones", api.base);
    let forwarded = api.http.get(&url).header("X-Forwarded-For", "198.51.100.7");
    assert_eq!(refused(answer(forwarded).await), (403, "control-forbidden".to_owned()));

    let config = SimulatorConfig { control_key: Some(KEY.to_owned()), ..SimulatorConfig::default() };
    let api = Api::with(config).await;
    let url = format!("{}/simulator/v1/phones", api.base);
    let from_far = || api.http.get(&url).header("X-Forwarded-For", "198.51.100.7");
    assert_eq!(answer(from_far().bearer_auth("another key altogether")).await.0, 403);
    assert_eq!(answer(from_far().bearer_auth(KEY)).await.0, 200);
    assert_eq!(answer(from_far().header("X-API-Key", KEY)).await.0, 200);
    assert_eq!(answer(from_far().basic_auth("anyone", Some(KEY))).await.0, 200);
    assert_eq!(answer(api.http.get(&url).bearer_auth("ignored here")).await.0, 200);
}

#[tokio::test]
async fn another_name_for_this_machine_needs_the_key() {
    let api = Api::start().await;
    let get = |api: &Api, host: &str| {
        api.http.get(format!("{}/simulator/v1/phones", api.base)).header("Host", host)
    };
    for host in ["localhost:1", "sim.localhost", "127.0.0.2:7700", "[::1]:80"] {
        assert_eq!(answer(get(&api, host)).await.0, 200, "{host}");
    }
    for host in ["rebound.example", "192.0.2.7:80", "localhost.example"] {
        let (status, problem) = answer(get(&api, host)).await;
        assert_eq!((status, problem["code"].as_str()), (403, Some("control-forbidden")), "{host}");
        assert!(problem["detail"].as_str().unwrap().contains("control_key"));
    }
    let config = SimulatorConfig { control_key: Some(KEY.to_owned()), ..SimulatorConfig::default() };
    let api = Api::with(config).await;
    assert_eq!(answer(get(&api, "sim.example").bearer_auth(KEY)).await.0, 200);
    assert_eq!(answer(get(&api, "sim.example")).await.0, 403);
    assert_eq!(answer(get(&api, "localhost")).await.0, 200);
}

#[tokio::test]
async fn faults_strike_those_they_are_meant_for() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let unknown = api.post("/faults", json!({ "kind": "earthquake" })).await;
    assert!(unknown.1["detail"].as_str().unwrap().contains("stream-error"));
    assert_eq!(refused(unknown).0, 422);
    let phone = api.simulator.phone_by_number(&ana).unwrap();
    let (mut companion, mut socket) = Companion::link(&api.simulator, &phone).await;

    let (status, struck) =
        api.post("/faults", json!({ "kind": "stream-error", "phone": ana, "code": 503 })).await;
    assert_eq!((status, struck["struck"].clone()), (201, json!(1)));
    let error = socket.expect(|node| node.tag == "stream:error").await;
    assert_eq!(attr(&error, "code"), "503");

    api.post("/faults", json!({ "kind": "failure", "phone": ana, "code": 402, "seconds": 60 })).await;
    assert_eq!(api.get("/faults").await.1[0]["count"], 1);
    let failure = companion.connect(&api.simulator).await.receive().await.unwrap();
    assert_eq!((attr(&failure, "reason"), attr(&failure, "expire")), ("402".to_owned(), "60".to_owned()));
    assert_eq!(api.get("/faults").await.1, json!([]));

    let (mut socket, _) = companion.log_in(&api.simulator).await;
    api.post("/faults", json!({ "kind": "cut", "phone": ana })).await;
    while socket.receive().await.is_some() {}
    assert_eq!(api.delete("/faults").await.0, 204);
}

#[tokio::test]
async fn trouble_that_is_put_off_is_listed_and_can_be_taken_back() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let phone = api.simulator.phone_by_number(&ana).unwrap();
    let (mut companion, socket) = Companion::link(&api.simulator, &phone).await;
    drop(socket);
    api.post("/faults", json!({ "kind": "failure", "phone": ana, "count": 2, "after": 3600 })).await;
    let (_, listed) = api.get("/faults").await;
    assert_eq!((&listed[0]["kind"], &listed[0]["state"]), (&json!("failure"), &json!("waiting")));
    assert_eq!((&listed[0]["count"], &listed[0]["after"]), (&json!(2), &json!(3600.0)));
    let left = listed[0]["seconds_left"].as_f64().unwrap();
    assert!(left > 3000.0 && left <= 3600.0, "{left}");
    let (mut socket, _) = companion.log_in(&api.simulator).await;

    // Both are due; only the one that was ordered after everything was taken back strikes.
    api.post("/faults", json!({ "kind": "cut", "phone": ana, "after": 2.0 })).await;
    assert_eq!(api.get("/faults").await.1.as_array().unwrap().len(), 2);
    assert_eq!(api.delete("/faults").await.0, 204);
    assert_eq!(api.get("/faults").await.1, json!([]));
    api.post("/faults", json!({ "kind": "stream-error", "phone": ana, "after": 2.1 })).await;
    let last = socket.until_end().await;
    assert_eq!(last.last().unwrap().tag, "stream:error");
    assert_eq!(api.get("/faults").await.1, json!([]));

    api.post("/faults", json!({ "kind": "failure", "phone": ana, "after": 0.01 })).await;
    until(|| api.simulator.faults()[0].state == FaultState::Ready).await;
    let failure = companion.connect(&api.simulator).await.receive().await.unwrap();
    assert_eq!(failure.tag, "failure");
}

#[tokio::test]
async fn trouble_that_cannot_be_meant_is_refused() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    for (order, field) in [
        (json!({ "kind": "cut", "device": 1 }), "phone"),
        (json!({ "kind": "cut", "count": 0 }), "count"),
        (json!({ "kind": "cut", "after": -1 }), "after"),
        (json!({ "kind": "cut", "after": 86_401 }), "after"),
        (json!({ "kind": "failure", "phone": ana, "code": 402, "seconds": u64::MAX }), "seconds"),
        (json!({ "kind": "hold-qr", "phone": ana }), "phone"),
        (json!({ "kind": "refresh-registration", "phone": ana }), "phone"),
        (json!({ "kind": "cut", "version": "2.3000.1" }), "version"),
        (json!({ "kind": "refuse-version", "version": "newest" }), "version"),
        (json!({ "kind": "cut", "step": "accepted" }), "step"),
    ] {
        let (status, problem) = api.post("/faults", order.clone()).await;
        assert_eq!(status, 422, "{order}");
        assert!(problem["detail"].as_str().unwrap().contains(&format!("`{field}`")), "{problem}");
    }
    let nobody = api.post("/faults", json!({ "kind": "cut", "phone": "999000000001" })).await;
    assert_eq!(refused(nobody), (404, "phone-unknown".to_owned()));
    assert_eq!(api.get("/faults").await.1, json!([]));
}
