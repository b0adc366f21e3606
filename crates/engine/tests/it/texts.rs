//! Texts both ways, their acknowledgements and their receipts.

use crate::support::{Heard, session, text, world};
use enlace_domain::address::{Jid, Person};
use enlace_domain::message::{Content, Status};
use enlace_domain::port::whatsapp::Outgoing;
use enlace_domain::port::{EndReason, Receipt, SendError, WhatsApp};
use enlace_simulator::{Fault, FaultKind, Phone, ReceiptKind};

/// What the phone decrypted from others.
fn received(phone: &Phone) -> Vec<(String, String)> {
    let theirs = phone.messages().into_iter().filter(|message| !message.from_me);
    theirs.filter_map(|message| Some((message.id, message.text?))).collect()
}

/// Waits until the recipient said that it got this message.
async fn delivered(heard: &mut Heard, wa_id: &str) -> Receipt {
    loop {
        let receipt = heard.receipt().await;
        if receipt.wa_ids.iter().any(|id| id == wa_id) && receipt.status == Status::Delivered {
            return receipt;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_to_the_session_arrives_with_both_addresses() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (_connection, mut heard) = world.link("ana", &ana).await;
    let id = bruno.send_text(&ana.number(), "good morning").await.unwrap();
    let message = heard.message().await;
    assert_eq!(message.wa_id, id);
    assert_eq!(message.content, Content::Text("good morning".to_owned()));
    assert!(!message.from_me);
    assert_eq!(message.chat.to_string(), bruno.jid());
    assert_eq!(message.from.to_string(), bruno.jid());
    assert_eq!(message.from_person.lid.unwrap().to_string(), bruno.lid());
    assert_eq!(message.push_name.as_deref(), Some("Bruno"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_own_phone_writes_arrives_as_ours() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (_connection, mut heard) = world.link("ana", &ana).await;
    ana.send_text(&bruno.number(), "from the phone").await.unwrap();
    let message = heard.message().await;
    assert!(message.from_me);
    assert_eq!(message.chat.to_string(), bruno.jid());
    assert_eq!(message.from.to_string(), ana.jid());
    assert_eq!(message.content, Content::Text("from the phone".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sent_text_is_acknowledged_delivered_and_read_under_our_id() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    let message = text(&world, &bruno, "hello Bruno");
    connection.send(&message).await.unwrap();
    let receipt = delivered(&mut heard, &message.wa_id).await;
    assert_eq!(receipt.wa_ids, std::slice::from_ref(&message.wa_id));
    assert_eq!(receipt.by.to_string(), bruno.jid());
    assert_eq!(received(&bruno), [(message.wa_id.clone(), "hello Bruno".to_owned())]);
    bruno.mark(ReceiptKind::Read, std::slice::from_ref(&message.wa_id)).await.unwrap();
    assert_eq!(heard.receipt().await.status, Status::Read);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_id_sent_again_does_not_double() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    let message = text(&world, &bruno, "once");
    connection.send(&message).await.unwrap();
    connection.send(&message).await.unwrap();
    let other = text(&world, &bruno, "twice");
    connection.send(&other).await.unwrap();
    delivered(&mut heard, &other.wa_id).await;
    let texts: Vec<_> = received(&bruno).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["once", "twice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_without_whatsapp_is_named_as_such() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, _heard) = world.link("ana", &ana).await;
    let message = Outgoing {
        wa_id: world.engine.new_message_id(),
        to: Jid::parse("999999999999").unwrap(),
        content: Content::Text("anybody?".to_owned()),
    };
    assert!(matches!(connection.send(&message).await, Err(SendError::UnknownRecipient)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_acknowledgement_nothing_is_called_sent() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    connection.send(&text(&world, &bruno, "first")).await.unwrap();
    world.simulator.fault(Fault::new(FaultKind::DropAcks)).unwrap();
    let message = text(&world, &bruno, "second");
    let (outcome, ()) = tokio::join!(connection.send(&message), async {
        // The message is with Bruno; its acknowledgement is not coming, and the connection ends.
        delivered(&mut heard, &message.wa_id).await;
        connection.close().await;
    });
    assert!(matches!(outcome, Err(SendError::Unknown)), "{outcome:?}");
    let late = connection.send(&message).await;
    assert!(matches!(late, Err(SendError::NotSent(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_kept_is_not_acknowledged_and_comes_again() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, _) = world.link("ana", &ana).await;
    connection.close().await;

    let (_connection, mut heard, recorder) = world.open_with("ana", true, false).await;
    heard.online().await;
    recorder.break_storage();
    let id = bruno.send_text(&ana.number(), "keep me").await.unwrap();
    assert_eq!(heard.ended().await, EndReason::Lost { reason: "storage-failed".to_owned() });

    let (_connection, mut heard) = world.open("ana", true).await;
    let message = heard.message().await;
    assert_eq!(message.wa_id, id);
    assert_eq!(message.content, Content::Text("keep me".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_sent_while_away_arrive_on_return() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, _heard) = world.link("ana", &ana).await;
    connection.close().await;
    for n in 0..5 {
        bruno.send_text(&ana.number(), &format!("text {n}")).await.unwrap();
    }
    let (_connection, mut heard) = world.open("ana", true).await;
    for n in 0..5 {
        assert_eq!(heard.message().await.content, Content::Text(format!("text {n}")));
    }
    assert!(world.engine.identity(&session("ana")).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_first_text_both_addresses_of_its_recipient_are_known() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let (connection, _heard) = world.link("ana", &ana).await;
    let both = Person::from_jids([Jid::parse(&bruno.jid()).unwrap(), Jid::parse(&bruno.lid()).unwrap()]);
    let number = both.pn.clone().unwrap();
    let known = world.engine.person(&session("ana"), &number).await.unwrap();
    assert_eq!(known, Person { pn: Some(number), lid: None });
    connection.send(&text(&world, &bruno, "hello")).await.unwrap();
    connection.close().await;
    for address in [&both.pn, &both.lid] {
        let known = world.engine.person(&session("ana"), address.as_ref().unwrap()).await.unwrap();
        assert_eq!(known, both);
    }
    let group = Jid::parse("123-456@g.us").unwrap();
    assert_eq!(world.engine.person(&session("ana"), &group).await.unwrap(), Person::default());
}
