//! Text between phones and companions, receipts, and what waits for those who are away.

use enlace_simulator::{Phone, ReceiptKind, Simulator, SimulatorConfig};
use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;

use crate::companion::{Companion, attr};

async fn network() -> (Simulator, Phone, Phone) {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    (simulator, ana, bruno)
}

/// Lets phones work until something holds; fails when it plainly never will.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_mins(1);
    tokio::time::timeout(limit, wait).await.expect("what the test waits for never came");
}

pub(crate) fn jid(phone: &Phone) -> Jid {
    phone.jid().parse().unwrap()
}

#[tokio::test]
async fn a_phone_writes_to_a_phone_and_hears_that_it_arrived_and_was_read() {
    let (_simulator, ana, bruno) = network().await;
    let id = ana.send_text(&bruno.number(), "hello").await.unwrap();
    until(|| !bruno.messages().is_empty()).await;
    let got = &bruno.messages()[0];
    assert_eq!((got.id.as_str(), got.text.as_deref(), got.from_me), (id.as_str(), Some("hello"), false));
    assert_eq!((got.chat.as_str(), got.from.as_str()), (ana.jid().as_str(), ana.jid().as_str()));
    until(|| !ana.receipts().is_empty()).await;
    assert_eq!(ana.receipts()[0].kind, "delivered");
    bruno.mark(ReceiptKind::Read, &[id]).await.unwrap();
    until(|| ana.receipts().len() == 2).await;
    assert_eq!(
        (ana.receipts()[1].kind.as_str(), ana.receipts()[1].from.as_str()),
        ("read", bruno.jid().as_str())
    );
}

#[tokio::test]
async fn text_goes_both_ways_between_a_companion_and_a_phone() {
    let (simulator, ana, bruno) = network().await;
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    for round in 0..3 {
        let text = format!("to the companion {round}");
        let id = bruno.send_text(&ana.number(), &text).await.unwrap();
        let (node, message) = companion.next_message(&mut socket).await;
        assert_eq!(message.conversation.as_deref(), Some(text.as_str()));
        assert_eq!((attr(&node, "id"), attr(&node, "notify")), (id, "Bruno".to_owned()));
        assert_eq!(attr(&node, "from"), bruno.jid());
        assert_eq!(attr(&node, "sender_lid"), bruno.lid());
        companion.receipt(&mut socket, &node, None).await;
        let text = format!("from the companion {round}");
        let id = companion.send_text(&mut socket, &jid(&bruno), &text).await;
        until(|| bruno.messages().iter().any(|message| message.id == id)).await;
        let receipt = socket.expect(|node| node.tag == "receipt" && attr(node, "id") == id).await;
        assert_eq!((attr(&receipt, "from"), attr(&receipt, "type")), (bruno.jid(), String::new()));
    }
    let texts = |phone: &Phone| -> Vec<_> { phone.messages().into_iter().filter_map(|m| m.text).collect() };
    until(|| texts(&ana).len() == 6).await;
    assert_eq!(texts(&ana), texts(&bruno));
    let own: Vec<_> = ana.messages().into_iter().map(|message| message.from_me).collect();
    assert_eq!(own, [false, true, false, true, false, true]);
}

#[tokio::test]
async fn a_companion_gets_what_its_phone_sends() {
    let (simulator, ana, bruno) = network().await;
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    ana.send_text(&bruno.number(), "from the phone").await.unwrap();
    let (node, message) = companion.next_message(&mut socket).await;
    assert_eq!((attr(&node, "from"), attr(&node, "recipient")), (ana.jid(), bruno.jid()));
    let sent = message.device_sent_message.into_option().unwrap();
    assert_eq!(sent.message.into_option().unwrap().conversation.as_deref(), Some("from the phone"));
}

#[tokio::test]
async fn what_came_while_away_is_given_at_login_until_it_is_confirmed() {
    let (simulator, ana, bruno) = network().await;
    let (mut companion, socket) = Companion::link(&simulator, &ana).await;
    drop(socket);
    for text in ["one", "two"] {
        bruno.send_text(&ana.number(), text).await.unwrap();
    }
    let (mut socket, waited) = companion.log_in(&simulator).await;
    let messages: Vec<_> = waited.into_iter().filter(|node| node.tag == "message").collect();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|node| node.attrs.contains_key("offline")));
    assert_eq!(companion.keys.decrypt(&messages[0]).conversation.as_deref(), Some("one"));
    companion.receipt(&mut socket, &messages[0], None).await;
    drop(socket);
    let (_socket, waited) = companion.log_in(&simulator).await;
    let messages: Vec<_> = waited.into_iter().filter(|node| node.tag == "message").collect();
    assert_eq!(messages.len(), 1, "the confirmed one is gone");
    assert_eq!(companion.keys.decrypt(&messages[0]).conversation.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_companion_that_asks_again_gets_the_message_in_a_new_session() {
    let (simulator, ana, bruno) = network().await;
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    let id = bruno.send_text(&ana.number(), "once more").await.unwrap();
    let node = socket.expect(|node| node.tag == "message").await;
    let retry = NodeBuilder::new("retry")
        .attr("count", "1")
        .attr("id", id.as_str())
        .attr("t", "1")
        .attr("v", "1")
        .build();
    let receipt = NodeBuilder::new("receipt")
        .attr("id", id.as_str())
        .attr("to", node.attrs.get("from").unwrap().clone())
        .attr("type", "retry")
        .children([retry])
        .build();
    socket.send(receipt).await;
    companion.keys.forget(&jid(&bruno));
    let (node, message) = companion.next_message(&mut socket).await;
    assert_eq!((attr(&node, "id"), message.conversation.as_deref()), (id, Some("once more")));
    assert_eq!(attr(node.get_optional_child("enc").unwrap(), "count"), "1");
}

#[tokio::test]
async fn a_phone_that_cannot_read_a_message_asks_for_it_with_keys() {
    let (simulator, ana, bruno) = network().await;
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    companion.send_text(&mut socket, &jid(&bruno), "readable").await;
    let broken = NodeBuilder::new("enc").attr("v", "2").attr("type", "msg").bytes(vec![0x33; 60]).build();
    let to = NodeBuilder::new("to").attr("jid", jid(&bruno)).children([broken]).build();
    let stanza = NodeBuilder::new("message")
        .attr("to", jid(&bruno))
        .attr("id", "BROKEN1")
        .attr("type", "text")
        .children([NodeBuilder::new("participants").children([to]).build()])
        .build();
    socket.send(stanza).await;
    let asked = socket.expect(|node| attr(node, "type") == "retry").await;
    assert_eq!((attr(&asked, "id"), attr(&asked, "from")), ("BROKEN1".to_owned(), bruno.jid()));
    assert!(asked.get_optional_child("keys").is_some());
    companion.keys.forget(&jid(&bruno));
    let bundle = NodeBuilder::new("user")
        .children(asked.get_optional_child("keys").unwrap().children().unwrap().to_vec())
        .build();
    companion.keys.begin(&jid(&bruno), &bundle);
    let id = companion.send_text(&mut socket, &jid(&bruno), "readable again").await;
    until(|| bruno.messages().iter().any(|message| message.id == id)).await;
}
