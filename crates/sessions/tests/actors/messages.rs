//! Messages out and in, and the event log that tells of them.

use crate::rig::{Rig, inbound, text};
use enlace_domain::Fault;
use enlace_domain::address::{Jid, Person};
use enlace_domain::event::EventFilter;
use enlace_domain::message::{Content, Status};
use enlace_domain::page::PageRequest;
use enlace_domain::port::inbox::Receipt;
use enlace_domain::port::store::MessageFilter;
use enlace_domain::port::whatsapp::SendError;
use enlace_sessions::{Cursor, SendMessage, SessionsConfig};
use std::time::Duration;

const PEER: &str = "999100000002";

#[tokio::test]
async fn a_text_is_sent_after_the_ack_under_the_id_fixed_before() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let answer = rig.gateway.send_message(&id, text(PEER, "hello")).await.unwrap();
    assert_eq!((answer.message.status, answer.waiting), (Status::Sent, None));
    let sent = connection.next_sent().await;
    assert_eq!(sent.wa_id, answer.message.wa_id);
    assert_eq!(sent.content, Content::Text("hello".to_owned()));
    let told = rig.events().await.into_iter().find(|e| e.kind.as_str() == "message.sent").unwrap();
    assert_eq!(told.data["id"], answer.message.id.as_str());
    assert_eq!(told.data["status"], "sent");
    assert_eq!(told.data["text"], "hello");
}

#[tokio::test]
async fn an_answer_that_comes_late_is_queued_and_becomes_sent_by_itself() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.hold_sends();
    let request = SendMessage { wait: Duration::from_millis(1), ..text(PEER, "hello") };
    let answer = rig.gateway.send_message(&id, request).await.unwrap();
    assert_eq!(answer.message.status, Status::Queued);
    assert_eq!(answer.waiting.unwrap().reason, "sending");
    let mut reader = rig.gateway.read_events(EventFilter::default(), Cursor::Now).await.unwrap();
    connection.release_sends();
    let told = tokio::time::timeout(crate::rig::PATIENCE, reader.next()).await.unwrap().unwrap();
    assert_eq!(told[0].kind.as_str(), "message.sent");
    assert_eq!(rig.gateway.message(&id, &answer.message.id).await.unwrap().status, Status::Sent);
}

#[tokio::test]
async fn a_message_to_an_offline_session_is_held_and_sent_after_a_restart_too() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    rig.gateway.stop_session(&id).await.unwrap();
    let request = SendMessage { wait: Duration::from_millis(1), ..text(PEER, "later") };
    let answer = rig.gateway.send_message(&id, request).await.unwrap();
    assert_eq!(answer.waiting.unwrap().reason, "offline");
    let rig = rig.restart().await;
    rig.gateway.start_session(&id).await.unwrap();
    let connection = rig.network.next_connection().await;
    connection.go_online().await;
    let sent = connection.next_sent().await;
    assert_eq!(sent.wa_id, answer.message.wa_id);
}

#[tokio::test]
async fn messages_of_one_chat_keep_their_order_and_other_chats_do_not_wait() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.hold_sends();
    let soon = |to: &str, words: &str| SendMessage { wait: Duration::from_millis(1), ..text(to, words) };
    for words in ["one", "two", "three"] {
        rig.gateway.send_message(&id, soon(PEER, words)).await.unwrap();
    }
    rig.gateway.send_message(&id, soon("999100000003", "other")).await.unwrap();
    let first = [connection.next_sent().await.content, connection.next_sent().await.content];
    assert!(
        first.contains(&Content::Text("one".to_owned()))
            && first.contains(&Content::Text("other".to_owned()))
    );
    connection.release_sends();
    assert_eq!(connection.next_sent().await.content, Content::Text("two".to_owned()));
    assert_eq!(connection.next_sent().await.content, Content::Text("three".to_owned()));
}

#[tokio::test]
async fn an_unacknowledged_message_goes_again_under_the_same_id_on_a_new_connection() {
    let config = SessionsConfig { reconnect_first: Duration::from_millis(5), ..SessionsConfig::default() };
    let rig = Rig::with(config).await;
    let (id, connection) = rig.online("ana").await;
    connection.answer_send(Err(SendError::Unknown));
    let (gateway, asked) = (rig.gateway.clone(), id.clone());
    let sender = tokio::spawn(async move { gateway.send_message(&asked, text(PEER, "hello")).await });
    let first = connection.next_sent().await;
    let again = rig.network.next_connection().await;
    assert!(connection.is_closed());
    again.go_online().await;
    let second = again.next_sent().await;
    assert_eq!(first.wa_id, second.wa_id);
    assert_eq!(sender.await.unwrap().unwrap().message.status, Status::Sent);
}

#[tokio::test]
async fn a_refused_message_is_failed_and_said_so() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.answer_send(Err(SendError::Refused { reason: "463".to_owned() }));
    let error = rig.gateway.send_message(&id, text(PEER, "hello")).await.unwrap_err();
    assert_eq!(error.code(), "message-refused");
    let messages =
        rig.gateway.messages(&id, &MessageFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(messages.items[0].status, Status::Failed);
    assert_eq!(messages.items[0].error.as_deref(), Some("463"));
}

#[tokio::test]
async fn the_same_idempotency_key_sends_once_and_another_request_under_it_is_refused() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let with_key = |words: &str, fingerprint: [u8; 32]| SendMessage {
        idempotency: Some(("order-7".to_owned(), fingerprint)),
        ..text(PEER, words)
    };
    let (one, two) = tokio::join!(
        rig.gateway.send_message(&id, with_key("hello", [1; 32])),
        rig.gateway.send_message(&id, with_key("hello", [1; 32]))
    );
    let (one, two) = (one.unwrap().message, two.unwrap().message);
    assert_eq!((&one.id, one.status), (&two.id, Status::Sent));
    assert_eq!(two.status, Status::Sent);
    connection.next_sent().await;
    let error = rig.gateway.send_message(&id, with_key("bye", [2; 32])).await.unwrap_err();
    assert_eq!(error.code(), "idempotency-mismatch");
    let messages =
        rig.gateway.messages(&id, &MessageFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(messages.items.len(), 1);
}

#[tokio::test]
async fn nonsense_is_refused_before_anything_is_stored() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    for words in ["", " \n", "x".repeat(70_000).as_str()] {
        let error = rig.gateway.send_message(&id, text(PEER, words)).await.unwrap_err();
        assert_eq!((error.code(), error.field()), ("invalid-field", Some("text")));
    }
    let unlinked = rig.create("bea").await;
    assert_eq!(
        rig.gateway.send_message(&unlinked, text(PEER, "x")).await.unwrap_err().code(),
        "link-required"
    );
    let messages =
        rig.gateway.messages(&id, &MessageFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(messages.items.is_empty());
}

#[tokio::test]
async fn what_arrives_is_stored_once_with_both_addresses_before_it_is_acknowledged() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.deliver(inbound("3EB0AA", "hi")).await.unwrap();
    connection.deliver(inbound("3EB0AA", "hi")).await.unwrap();
    let messages =
        rig.gateway.messages(&id, &MessageFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(messages.items.len(), 1);
    let message = &messages.items[0];
    assert_eq!(message.chat.to_string(), "999100000002@s.whatsapp.net");
    assert_eq!(message.from_person.lid.as_ref().unwrap().to_string(), "100000000002@lid");
    let told: Vec<_> =
        rig.events().await.into_iter().filter(|e| e.kind.as_str() == "message.received").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].data["text"], "hi");
}

#[tokio::test]
async fn a_retired_connection_can_store_nothing() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    rig.gateway.stop_session(&id).await.unwrap();
    assert!(connection.deliver(inbound("3EB0AA", "late")).await.is_err());
    let messages =
        rig.gateway.messages(&id, &MessageFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(messages.items.is_empty());
}

#[tokio::test]
async fn receipts_move_a_status_forward_only() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let message = rig.gateway.send_message(&id, text(PEER, "hello")).await.unwrap().message;
    let receipt = |status| Receipt {
        wa_ids: vec![message.wa_id.clone()],
        status,
        by: Jid::parse(PEER).unwrap(),
        at: chrono::Utc::now(),
    };
    for status in [Status::Read, Status::Delivered, Status::Read] {
        connection.receipt(receipt(status)).await.unwrap();
    }
    assert_eq!(rig.gateway.message(&id, &message.id).await.unwrap().status, Status::Read);
    let told = rig.events().await.into_iter().filter(|e| e.kind.as_str() == "message.status").count();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn a_reader_that_comes_back_with_its_cursor_repeats_nothing_and_skips_nothing() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    for n in 0..20 {
        connection.deliver(inbound(&format!("A{n}"), "hi")).await.unwrap();
    }
    let all: Vec<u64> = rig.events().await.iter().map(|e| e.seq).collect();
    let mut pieces = Vec::new();
    for cursor in [0, all[4], all[all.len() - 3]] {
        let mut reader =
            rig.gateway.read_events(EventFilter::default(), Cursor::After(cursor)).await.unwrap();
        let first = reader.next().await.unwrap()[0].seq;
        pieces.push(first);
    }
    assert_eq!(pieces, [all[0], all[5], all[all.len() - 2]]);
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    let session: Vec<u64> =
        rig.events().await.iter().filter(|e| e.session == id).map(|e| e.session_seq).collect();
    assert_eq!(session, (1..=session.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_newer_than_the_log_is_told_the_ends() {
    let rig = Rig::new().await;
    rig.create("ana").await;
    let error = rig.gateway.read_events(EventFilter::default(), Cursor::After(999)).await.err().unwrap();
    assert_eq!(error.code(), "cursor-unknown");
}

#[tokio::test]
async fn what_an_earlier_process_left_goes_before_what_came_later() {
    let rig = Rig::new().await;
    let (id, _connection) = rig.online("ana").await;
    rig.gateway.stop_session(&id).await.unwrap();
    let soon = |words: &str| SendMessage { wait: Duration::from_millis(1), ..text(PEER, words) };
    for words in ["one", "two"] {
        rig.gateway.send_message(&id, soon(words)).await.unwrap();
    }
    let rig = rig.restart().await;
    rig.gateway.send_message(&id, soon("three")).await.unwrap();
    rig.gateway.start_session(&id).await.unwrap();
    let connection = rig.network.next_connection().await;
    connection.go_online().await;
    for words in ["one", "two", "three"] {
        assert_eq!(connection.next_sent().await.content, Content::Text(words.to_owned()));
    }
}

#[tokio::test]
async fn a_receipt_that_overtakes_the_ack_is_told_after_it() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    connection.hold_sends();
    let (gateway, asked) = (rig.gateway.clone(), id.clone());
    let sender = tokio::spawn(async move { gateway.send_message(&asked, text(PEER, "hello")).await });
    let sent = connection.next_sent().await;
    let by = Jid::parse(PEER).unwrap();
    let receipt = Receipt { wa_ids: vec![sent.wa_id], status: Status::Delivered, by, at: chrono::Utc::now() };
    connection.receipt(receipt).await.unwrap();
    connection.release_sends();
    assert_eq!(sender.await.unwrap().unwrap().message.status, Status::Sent);
    let events = rig.events().await;
    let told: Vec<_> =
        events.iter().map(|e| e.kind.as_str()).filter(|kind| kind.starts_with("message")).collect();
    assert_eq!(told, ["message.sent", "message.status"]);
}

fn bruno() -> Person {
    Person::from_jids([Jid::parse(PEER).unwrap(), Jid::parse("100000000002@lid").unwrap()])
}

#[tokio::test]
async fn what_is_sent_to_either_address_of_a_known_person_is_one_chat_with_both() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    rig.network.learn(bruno());
    for to in [PEER, "100000000002@lid"] {
        let sent = rig.gateway.send_message(&id, text(to, "hello")).await.unwrap().message;
        assert_eq!((Some(&sent.chat), &sent.chat_person), (bruno().pn.as_ref(), &bruno()));
        assert_eq!(Some(connection.next_sent().await.to), bruno().pn);
    }
    let group = rig.gateway.send_message(&id, text("123-456@g.us", "hello")).await.unwrap().message;
    assert_eq!((group.chat.to_string().as_str(), group.chat_person), ("123-456@g.us", Person::default()));
}

#[tokio::test]
async fn the_first_message_to_somebody_teaches_the_chat_their_other_address() {
    let rig = Rig::new().await;
    let (id, connection) = rig.online("ana").await;
    let earlier = rig.gateway.send_message(&id, text(PEER, "hello")).await.unwrap().message;
    assert_eq!(earlier.chat_person, Person { pn: bruno().pn, lid: None });
    connection.hold_sends();
    let (gateway, asked) = (rig.gateway.clone(), id.clone());
    let sender = tokio::spawn(async move { gateway.send_message(&asked, text(PEER, "again")).await });
    connection.next_sent().await;
    connection.next_sent().await;
    // The library asked the network about the number.
    rig.network.learn(bruno());
    connection.release_sends();
    let sent = sender.await.unwrap().unwrap().message;
    assert_eq!(sent.chat_person, bruno());
    assert_eq!(rig.gateway.message(&id, &earlier.id).await.unwrap().chat_person, bruno());
    let told = rig.events().await.into_iter().rfind(|event| event.kind.as_str() == "message.sent").unwrap();
    assert_eq!(told.data["chat_person"]["lid"], "100000000002@lid");
    let filter = MessageFilter { chat: Some("100000000002@lid".to_owned()), ..MessageFilter::default() };
    let listed = rig.gateway.messages(&id, &filter, &PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.len(), 2);
}
