//! Groups: made by a phone or a companion, written to by everybody in them, told to everybody in them.

use enlace_simulator::{Phone, ReceiptKind, Simulator, SimulatorConfig};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use crate::companion::{Companion, attr, child};
use crate::messages::{jid, until};

async fn network() -> (Simulator, Phone, Phone, Phone) {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let mut phones = Vec::new();
    for name in ["Ana", "Bruno", "Carla"] {
        phones.push(simulator.phone(name).await.unwrap());
    }
    let [ana, bruno, carla] = phones.try_into().unwrap();
    (simulator, ana, bruno, carla)
}

fn texts(phone: &Phone) -> Vec<String> {
    phone.messages().into_iter().filter_map(|message| message.text).collect()
}

#[tokio::test]
async fn phones_write_in_a_group_and_hear_of_each_other() {
    let (_simulator, ana, bruno, carla) = network().await;
    let group = ana.create_group("Plans", &[bruno.number(), carla.jid()], false).unwrap();
    let id = ana.send_text(&group, "first").await.unwrap();
    until(|| !bruno.messages().is_empty() && !carla.messages().is_empty()).await;
    let got = &bruno.messages()[0];
    assert_eq!((&got.chat, &got.from, got.text.as_deref()), (&group, &ana.jid(), Some("first")));
    carla.send_text(&group, "second").await.unwrap();
    ana.send_text(&group, "third").await.unwrap();
    until(|| texts(&bruno).len() == 3).await;
    assert_eq!(texts(&bruno), ["first", "second", "third"]);
    bruno.mark(ReceiptKind::Read, std::slice::from_ref(&id)).await.unwrap();
    let read = |receipt: &enlace_simulator::PhoneReceipt| {
        receipt.id == id && receipt.kind == "read" && receipt.from == bruno.jid()
    };
    until(|| ana.receipts().iter().any(read)).await;
    let stranger = ana.send_text("120363000000000000@g.us", "x").await;
    assert!(stranger.is_err());
}

#[tokio::test]
async fn a_companion_makes_a_group_and_takes_part() {
    for lid in [false, true] {
        let (simulator, ana, bruno, carla) = network().await;
        let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
        let group: Jid = if lid {
            let group = bruno.create_group("Plans", &[ana.number(), carla.number()], true).unwrap();
            let told = socket.expect(|node| attr(node, "type") == "w:gp2").await;
            assert_eq!(attr(&told, "from"), group);
            assert_eq!(attr(child(&told, &["create", "group"]), "addressing_mode"), "lid");
            group.parse().unwrap()
        } else {
            create(&mut socket, &[&bruno, &carla]).await
        };
        bruno.send_text(&group.to_string(), "hello all").await.unwrap();
        let node = socket.expect(|node| node.tag == "message").await;
        assert_eq!((attr(&node, "from"), attr(&node, "notify")), (group.to_string(), "Bruno".to_owned()));
        let author = if lid { bruno.lid() } else { bruno.jid() };
        assert_eq!(attr(&node, "participant"), author);
        let text = companion.keys.decrypt_group(&node).conversation;
        assert_eq!(text.as_deref(), Some("hello all"));
        companion.receipt(&mut socket, &node, None).await;
        until(|| bruno.receipts().iter().any(|receipt| receipt.from == ana.jid())).await;

        let id = companion.send_to_group(&mut socket, &group, &[&ana, &bruno, &carla], lid, "and back").await;
        for phone in [&ana, &bruno, &carla] {
            until(|| phone.messages().iter().any(|message| message.id == id)).await;
            let got = phone.messages().into_iter().find(|message| message.id == id).unwrap();
            assert_eq!((got.text.as_deref(), got.from), (Some("and back"), ana.jid()));
            assert_eq!((got.chat, got.from_me), (group.to_string(), phone.jid() == ana.jid()));
        }
    }
}

async fn create(socket: &mut crate::socket::Socket, members: &[&Phone]) -> Jid {
    let members = members.iter().map(|phone| participant(&jid(phone)));
    let create =
        NodeBuilder::new("create").attr("subject", "Plans").attr("key", "1").children(members).build();
    let answer = socket.iq("set", "w:g2", Jid::new("", Server::Group), [create]).await;
    let group = child(&answer, &["group"]);
    assert_eq!((attr(group, "subject"), attr(group, "size")), ("Plans".to_owned(), "3".to_owned()));
    assert_eq!(group.get_children_by_tag("participant").count(), 3);
    Jid::group(attr(group, "id"))
}

fn participant(jid: &Jid) -> Node {
    NodeBuilder::new("participant").attr("jid", jid.clone()).build()
}

#[tokio::test]
async fn members_come_and_go_and_only_members_look() {
    let (simulator, ana, bruno, carla) = network().await;
    let (_companion, mut socket) = Companion::link(&simulator, &ana).await;
    let (_other, mut others) = Companion::link(&simulator, &bruno).await;
    let group = create(&mut socket, &[&bruno, &carla]).await;
    others.expect(|node| attr(node, "type") == "w:gp2").await;
    let change =
        |tag: &'static str, phone: &Phone| NodeBuilder::new(tag).children([participant(&jid(phone))]).build();

    let answer = socket.iq("set", "w:g2", group.clone(), [change("remove", &bruno)]).await;
    assert!(!child(&answer, &["remove", "participant"]).attrs.contains_key("error"));
    let told = others.expect(|node| attr(node, "type") == "w:gp2").await;
    assert_eq!(attr(child(&told, &["remove", "participant"]), "jid"), bruno.jid());
    let query = || NodeBuilder::new("query").attr("request", "interactive").build();
    let refused = others.iq_any("get", "w:g2", group.clone(), [query()]).await;
    assert_eq!(attr(&refused, "type"), "error");

    socket.iq("set", "w:g2", group.clone(), [change("add", &bruno)]).await;
    others.expect(|node| node.get_optional_child("add").is_some()).await;
    let subject = NodeBuilder::new("subject").bytes(b"Better plans".to_vec()).build();
    socket.iq("set", "w:g2", group.clone(), [subject]).await;
    let told = others.expect(|node| node.get_optional_child("subject").is_some()).await;
    assert_eq!(attr(child(&told, &["subject"]), "subject"), "Better plans");
    let all = NodeBuilder::new("participating").build();
    let answer = others.iq("get", "w:g2", Jid::new("", Server::Group), [all]).await;
    assert_eq!(attr(child(&answer, &["groups", "group"]), "subject"), "Better plans");
}
