//! What is too much: refused where it comes in, dropped where it waits, and never the end of a connection again and again.

use enlace_simulator::{Simulator, SimulatorConfig, SimulatorError};
use serde_json::{Value, json};
use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;

use crate::companion::{Companion, server};
use crate::control::Api;
use crate::messages::until;

/// A refusal that names the field.
fn names(field: &str, (status, problem): (u16, Value)) {
    assert_eq!(status, 422, "{field}: {problem}");
    assert_eq!(problem["code"], "request-invalid");
    assert!(problem["detail"].as_str().unwrap().contains(&format!("`{field}`")), "{problem}");
}

#[tokio::test]
async fn texts_that_are_too_long_are_refused_by_name_and_companions_stay() {
    let api = Api::start().await;
    let (ana, bruno) = (api.phone("Ana").await, api.phone("Bruno").await);
    let phone = api.simulator.phone_by_number(&ana).unwrap();
    let (mut companion, mut socket) = Companion::link(&api.simulator, &phone).await;
    let path = format!("/phones/{bruno}/messages");
    let long = |length: usize| "é".repeat(length);
    // Larger than any frame, and one character too many.
    for length in [9 * 1024 * 1024, 65_537] {
        names("text", api.post(&path, json!({ "to": ana, "text": long(length) })).await);
    }
    for (field, most) in [("caption", 65_536), ("filename", 255), ("mimetype", 255)] {
        let document = json!({ "data": "AAAA", field: long(most + 1) });
        names(field, api.post(&path, json!({ "to": ana, "document": document })).await);
    }
    names("to", api.post(&path, json!({ "to": long(129), "text": "x" })).await);
    names("name", api.post("/phones", json!({ "name": long(101) })).await);
    let groups = format!("/phones/{bruno}/groups");
    names("subject", api.post(&groups, json!({ "subject": long(101), "participants": [ana] })).await);
    let crowd = vec![ana.clone(); 1_025];
    names("participants", api.post(&groups, json!({ "subject": "x", "participants": crowd })).await);
    let receipts = format!("/phones/{bruno}/receipts");
    names("ids", api.post(&receipts, json!({ "type": "read", "ids": vec!["A"; 1_001] })).await);

    let longest = long(65_536);
    assert_eq!(api.post(&path, json!({ "to": ana, "text": longest })).await.0, 201);
    let (_, message) = companion.next_message(&mut socket).await;
    assert_eq!(message.conversation, Some(longest));
    assert_eq!(api.get("/connections").await.1[0]["state"], "online");
}

#[tokio::test]
async fn an_answer_that_fits_no_frame_is_dropped_and_the_connection_goes_on() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (_companion, mut socket) = Companion::link(&simulator, &ana).await;
    let groups = || Jid::new("", wacore_binary::Server::Group);
    for _ in 0..3 {
        let create = NodeBuilder::new("create").attr("subject", "x".repeat(6 * 1024 * 1024)).build();
        socket.iq("set", "w:g2", groups(), [create]).await;
    }
    let participating = NodeBuilder::new("participating").build();
    let all = NodeBuilder::new("iq")
        .attr("type", "get")
        .attr("xmlns", "w:g2")
        .attr("to", groups())
        .attr("id", "all")
        .children([participating])
        .build();
    socket.send(all).await;
    socket.iq("get", "w:p", server(), []).await;
    assert!(ana.devices()[0].online);
}

#[tokio::test]
async fn a_queue_that_nobody_fetches_keeps_the_newest() {
    let config = SimulatorConfig { queue_stanzas: 3, ..SimulatorConfig::default() };
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::open(folder.path(), config.clone()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let (mut companion, socket) = Companion::link(&simulator, &ana).await;
    drop(socket);
    until(|| simulator.connections().is_empty()).await;
    let mut sent = Vec::new();
    for n in 0..6 {
        sent.push(bruno.send_text(&ana.number(), &format!("{n}")).await.unwrap());
    }
    until(|| ana.messages().len() == 6).await;
    assert_eq!(ana.devices()[0].queued, 3);
    simulator.shutdown().await;
    let simulator = Simulator::open(folder.path(), config).unwrap();
    let (_socket, waited) = companion.log_in(&simulator).await;
    let ids: Vec<String> = waited
        .iter()
        .filter(|node| node.tag == "message")
        .map(|node| crate::companion::attr(node, "id"))
        .collect();
    assert_eq!(ids, sent[3..]);
    simulator.shutdown().await;
}

async fn fills_up(simulator: &Simulator) {
    let http = crate::media::client(simulator);
    let url = format!("{}/mms/image/TOKEN", simulator.media_base());
    let upload = async |bytes: usize| {
        let sent = http.post(&url).body(vec![7_u8; bytes]).send().await;
        sent.unwrap().status().as_u16()
    };
    assert_eq!(upload(600_000).await, 200);
    assert_eq!(upload(600_000).await, 507, "there is room for one");
    assert_eq!(upload(300_000).await, 200, "a refused file takes no room");
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let picture = json!({ "data": "A".repeat(400_000) });
    let picture = enlace_simulator::OutgoingContent::Image(serde_json::from_value(picture).unwrap());
    let refused = ana.send(&bruno.number(), picture).await;
    assert!(matches!(refused, Err(SimulatorError::MediaFull { .. })), "{refused:?}");
    // A companion whose history is too long for a message gets none, and all the rest.
    for _ in 0..4 {
        // Noise, which does not pack.
        let noise: String = (0..2_000).map(|_| hex::encode(rand::random::<[u8; 16]>())).collect();
        bruno.send_text(&ana.number(), &noise).await.unwrap();
    }
    until(|| ana.messages().len() == 4).await;
    let mut companion = crate::welcome::signed(simulator).await;
    let (mut socket, waited) = companion.log_in(simulator).await;
    socket.keep(waited);
    let (_, message) = companion.next_message(&mut socket).await;
    assert!(message.protocol_message.app_state_sync_key_share.is_set());
    bruno.send_text(&ana.number(), "next").await.unwrap();
    let (_, message) = companion.next_message(&mut socket).await;
    assert_eq!(message.conversation.as_deref(), Some("next"), "and no history in between");
}

#[tokio::test]
async fn a_full_media_host_refuses_uploads_and_keeps_nothing_of_them() {
    let config = SimulatorConfig { media_bytes: 1_000_000, ..SimulatorConfig::default() };
    fills_up(&Simulator::start(config.clone()).unwrap()).await;
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::open(folder.path(), config.clone()).unwrap();
    fills_up(&simulator).await;
    simulator.shutdown().await;
    assert_eq!(std::fs::read_dir(folder.path().join("media")).unwrap().count(), 2);
    // What is kept counts again after a restart.
    let simulator = Simulator::open(folder.path(), config).unwrap();
    let http = crate::media::client(&simulator);
    let url = format!("{}/mms/image/TOKEN", simulator.media_base());
    let refused = http.post(&url).body(vec![7_u8; 600_000]).send().await.unwrap();
    assert_eq!(refused.status(), 507);
    simulator.shutdown().await;
}

#[tokio::test]
async fn settings_that_no_network_works_with_are_refused() {
    let default = SimulatorConfig::default;
    let ten_years_and_a_day = 3_661 * 86_400;
    for (field, config) in [
        ("speed", SimulatorConfig { speed: 0.0, ..default() }),
        ("speed", SimulatorConfig { speed: f64::NAN, ..default() }),
        ("speed", SimulatorConfig { speed: 10_001.0, ..default() }),
        ("code_seconds", SimulatorConfig { code_seconds: 0, ..default() }),
        ("code_seconds", SimulatorConfig { code_seconds: ten_years_and_a_day, ..default() }),
        ("ban_seconds", SimulatorConfig { ban_seconds: 0, ..default() }),
        ("ban_seconds", SimulatorConfig { ban_seconds: u64::MAX, ..default() }),
        ("stall_seconds", SimulatorConfig { stall_seconds: 0, ..default() }),
        ("stall_seconds", SimulatorConfig { stall_seconds: u64::MAX, ..default() }),
        ("queue_stanzas", SimulatorConfig { queue_stanzas: 0, ..default() }),
    ] {
        let refused = Simulator::start(config).unwrap_err();
        assert!(matches!(refused, SimulatorError::Config(_)), "{field}");
        assert!(refused.to_string().contains(&format!("`{field}`")), "{refused}");
    }
    let longest = 10 * 366 * 86_400;
    let edges = SimulatorConfig {
        speed: 0.01,
        code_seconds: longest,
        ban_seconds: longest,
        stall_seconds: longest,
        ..default()
    };
    Simulator::start(edges).unwrap();
}

#[tokio::test]
async fn a_connection_whose_task_is_ended_from_outside_leaves_no_trace() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (mut companion, socket) = Companion::link(&simulator, &ana).await;
    drop(socket);
    until(|| simulator.connections().is_empty()).await;
    // The door's task lives in a runtime of its own, which goes away with the connection in the middle.
    let other = tokio::runtime::Runtime::new().unwrap();
    let pipe = {
        let _entered = other.enter();
        simulator.connect()
    };
    let (mut socket, _) = companion.log_in_by(pipe).await;
    assert!(ana.devices()[0].online);
    other.shutdown_background();
    socket.until_end().await;
    until(|| simulator.connections().is_empty()).await;
    assert!(!ana.devices()[0].online);
    companion.log_in(&simulator).await;
}
