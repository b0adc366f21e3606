//! The control API over HTTP: each deed, and each refusal.

use std::net::SocketAddr;

use enlace_simulator::{Simulator, SimulatorConfig};
use serde_json::{Value, json};

use crate::companion::{Companion, attr};
use crate::messages::until;

const KEY: &str = "a control key of a test";

struct Api {
    simulator: Simulator,
    base: String,
    http: reqwest::Client,
}

impl Api {
    async fn start() -> Self {
        Self::with(SimulatorConfig::default()).await
    }

    async fn with(config: SimulatorConfig) -> Self {
        let simulator = Simulator::start(config).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let app = simulator.router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        // The first to need TLS in this process says with what.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { simulator, base, http: reqwest::Client::builder().build().unwrap() }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(format!("{}/simulator/v1{path}", self.base))).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.http.post(format!("{}/simulator/v1{path}", self.base)).json(&body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.http.delete(format!("{}/simulator/v1{path}", self.base))).await
    }

    async fn phone(&self, name: &str) -> String {
        let (status, phone) = self.post("/phones", json!({ "name": name })).await;
        assert_eq!(status, 201);
        phone["number"].as_str().unwrap().to_owned()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{text}");
    }
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn refused((status, body): (u16, Value)) -> (u16, String) {
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
