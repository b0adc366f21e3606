//! What a companion asks after its login.

use enlace_simulator::{Direction, Phone, Simulator, SimulatorConfig, TraceLine};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::companion::{Companion, attr, bytes_of, child, server};
use crate::messages::{jid, until};
use crate::socket::Socket;

async fn linked() -> (Simulator, Phone, Companion, Socket) {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (companion, socket) = Companion::link(&simulator, &ana).await;
    (simulator, ana, companion, socket)
}

fn empty(tag: &'static str) -> Node {
    NodeBuilder::new(tag).build()
}

#[tokio::test]
async fn every_query_is_answered_also_an_unknown_one() {
    let (_simulator, ana, _companion, mut socket) = linked().await;
    let cases: [(&str, &str, Jid, Node); 9] = [
        ("get", "abt", server(), empty("props")),
        ("get", "w", server(), empty("props")),
        ("get", "blocklist", server(), empty("list")),
        ("get", "privacy", server(), empty("privacy")),
        ("get", "w:p", server(), empty("ping")),
        ("get", "encrypt", server(), empty("digest")),
        ("set", "w:m", server(), empty("media_conn")),
        ("set", "urn:xmpp:whatsapp:dirty", server(), empty("clean")),
        ("get", "something:new", server(), empty("thing")),
    ];
    for (kind, xmlns, to, node) in cases {
        let answer = socket.iq(kind, xmlns, to, [node]).await;
        assert_eq!(answer.tag, "iq");
    }
    let media = socket.iq("set", "w:m", server(), [empty("media_conn")]).await;
    let media = child(&media, &["media_conn"]);
    for key in ["auth", "ttl", "auth_ttl", "max_buckets"] {
        assert!(media.attrs.contains_key(key));
    }
    let picture = socket.iq_any("get", "w:profile:picture", jid(&ana), [empty("picture")]).await;
    assert_eq!(attr(&picture, "type"), "error");
}

fn collection(name: &'static str, version: u64) -> Node {
    NodeBuilder::new("collection")
        .attr("name", name)
        .attr("version", version)
        .attr("return_snapshot", "false")
        .build()
}

#[tokio::test]
async fn every_collection_is_answered_and_the_critical_one_holds_a_patch() {
    let (_simulator, _ana, _companion, mut socket) = linked().await;
    let names = ["critical_block", "critical_unblock_low", "regular_high", "regular_low", "regular"];
    let sync = NodeBuilder::new("sync").children(names.map(|name| collection(name, 0))).build();
    let answer = socket.iq("set", "w:sync:app:state", server(), [sync]).await;
    let answers: Vec<&Node> = child(&answer, &["sync"]).get_children_by_tag("collection").collect();
    assert_eq!(answers.iter().map(|node| attr(node, "name")).collect::<Vec<_>>(), names);
    assert_eq!(attr(answers[0], "version"), "1");
    assert!(!bytes_of(child(answers[0], &["patches", "patch"])).is_empty());
    let broken = NodeBuilder::new("patch").bytes(vec![1, 2, 3]).build();
    let upload =
        NodeBuilder::new("collection").attr("name", "regular").attr("version", 0).children([broken]).build();
    let sync = NodeBuilder::new("sync").children([upload]).build();
    let answer = socket.iq("set", "w:sync:app:state", server(), [sync]).await;
    assert_eq!(attr(child(&answer, &["sync", "collection"]), "type"), "error");
}

#[tokio::test]
async fn a_one_time_key_is_given_to_one_asker_and_lack_of_keys_is_told() {
    let (simulator, ana, companion, mut socket) = linked().await;
    let bruno = simulator.phone("Bruno").await.unwrap();
    let (_other, mut asking) = Companion::link(&simulator, &bruno).await;
    let device = companion.jid.clone().unwrap();
    let mut ids = std::collections::HashSet::new();
    let mut without = 0;
    for _ in 0..32 {
        let user = NodeBuilder::new("user").attr("jid", device.clone()).build();
        let key = NodeBuilder::new("key").children([user]).build();
        let answer = asking.iq("get", "encrypt", server(), [key]).await;
        match child(&answer, &["list", "user"]).get_optional_child("key") {
            Some(key) => assert!(ids.insert(bytes_of(child(key, &["id"])))),
            None => without += 1,
        }
    }
    // The phone took one of the thirty for its keys and history.
    assert_eq!((ids.len(), without), (29, 3));
    let low = socket.expect(|node| attr(node, "type") == "encrypt").await;
    assert_eq!(attr(child(&low, &["count"]), "value"), "10");
    assert_eq!(ana.devices().len(), 1);
}

#[tokio::test]
async fn numbers_are_looked_up_in_the_form_they_are_asked() {
    let (simulator, ana, _companion, mut socket) = linked().await;
    let bruno = simulator.phone("Bruno").await.unwrap();
    let query = NodeBuilder::new("query").children([empty("contact"), empty("lid"), empty("status")]).build();
    let contact = |text: &str| {
        let contact = NodeBuilder::new("contact").bytes(text.as_bytes().to_vec()).build();
        NodeBuilder::new("user").children([contact]).build()
    };
    let list = NodeBuilder::new("list")
        .children([contact(&format!("+{}", bruno.number())), contact("+999000000001")])
        .build();
    let usync = NodeBuilder::new("usync")
        .attr("mode", "query")
        .attr("context", "interactive")
        .attr("sid", "s")
        .children([query, list])
        .build();
    let answer = socket.iq("get", "usync", server(), [usync]).await;
    let users: Vec<&Node> = child(&answer, &["usync", "list"]).children().unwrap().iter().collect();
    assert_eq!(
        (attr(users[0], "jid"), attr(child(users[0], &["contact"]), "type")),
        (bruno.jid(), "in".to_owned())
    );
    assert_eq!(attr(child(users[0], &["lid"]), "val"), bruno.lid());
    assert_eq!(attr(child(users[1], &["contact"]), "type"), "out");
    assert_ne!(ana.lid(), bruno.lid());
}

#[tokio::test]
async fn presence_and_typing_reach_those_who_asked() {
    use enlace_simulator::PhonePresence;
    let (simulator, ana, _companion, mut socket) = linked().await;
    let bruno = simulator.phone("Bruno").await.unwrap();
    let subscribe = NodeBuilder::new("presence").attr("type", "subscribe").attr("to", jid(&bruno)).build();
    socket.send(subscribe).await;
    let now = socket.expect(|node| node.tag == "presence").await;
    assert_eq!((attr(&now, "from"), attr(&now, "type")), (bruno.jid(), "unavailable".to_owned()));
    bruno.set_presence(None, PhonePresence::Available).unwrap();
    let now = socket.expect(|node| node.tag == "presence").await;
    assert_eq!(attr(&now, "type"), "available");
    bruno.set_presence(Some(&ana.number()), PhonePresence::Recording).unwrap();
    let typing = socket.expect(|node| node.tag == "chatstate").await;
    assert_eq!(attr(child(&typing, &["composing"]), "media"), "audio");
    assert!(bruno.set_presence(None, PhonePresence::Composing).is_err());
}

#[tokio::test]
async fn a_silent_connection_answers_nothing_and_a_dropped_ack_is_never_sent() {
    let (simulator, ana, mut companion, mut socket) = linked().await;
    let bruno = simulator.phone("Bruno").await.unwrap();
    let order = |kind: &str| serde_json::from_value(serde_json::json!({ "kind": kind })).unwrap();
    simulator.fault(order("drop-acks")).unwrap();
    companion.send_text_as(&mut socket, &jid(&bruno), "unacked", "LOST1").await;
    let id = companion.send_text(&mut socket, &jid(&bruno), "acked").await;
    until(|| bruno.messages().iter().any(|message| message.id == id)).await;
    assert!(bruno.messages().iter().any(|message| message.id == "LOST1"), "it was delivered all the same");
    assert_eq!(simulator.fault(order("silence")).unwrap(), 1);
    socket
        .send(NodeBuilder::new("iq").attr("type", "get").attr("xmlns", "w:p").attr("id", "p").build())
        .await;
    bruno.send_text(&ana.number(), "unheard").await.unwrap();
    assert_eq!(simulator.connections()[0].state, "silent");
    // Heard, and still not answered.
    let pings = |line: &TraceLine| line.direction == Direction::FromClient && line.xml.contains("id=\"p\"");
    until(|| simulator.trace(None, 0).iter().any(pings)).await;
    simulator.fault(order("cut")).unwrap();
    let rest = socket.until_end().await;
    assert!(rest.iter().all(|node| node.tag != "ack" || attr(node, "id") != "LOST1"));
    assert!(rest.iter().all(|node| attr(node, "id") != "p"));
    assert!(rest.iter().all(|node| node.tag != "message"));
}
