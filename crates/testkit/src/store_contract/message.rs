//! Messages: stored once each, and idempotency keys.

use super::{StoreFactory, Subject, event, jid, noon, queue, queued, receive, received, session_id};
use chrono::TimeDelta;
use enlace_domain::address::{Jid, Person};
use enlace_domain::id::MessageId;
use enlace_domain::message::{Content, Message, Status};
use enlace_domain::page::PageRequest;
use enlace_domain::port::{Change, Committed, Entry, IdempotencyKey, MessageFilter, StoreError};
use std::collections::BTreeSet;

const HOUR: TimeDelta = TimeDelta::hours(1);

fn key(text: &str, fingerprint: u8) -> IdempotencyKey {
    IdempotencyKey { key: text.into(), fingerprint: [fingerprint; 32], expires_at: noon() + HOUR }
}

fn keyed(message: &Message, key: IdempotencyKey) -> Change {
    Change::QueueMessage { message: Box::new(message.clone()), idempotency: Some(key) }
}

async fn keyed_outcome<F: StoreFactory>(subject: &Subject<F>, message: &Message, text: &str) -> Committed {
    subject.apply(keyed(message, key(text, 1))).await.expect("no conflict")
}

/// Every field comes back, of every kind of message.
pub async fn a_message_comes_back_as_it_was_stored(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let group = Message {
        chat: jid("123-456@g.us"),
        chat_person: Person::default(),
        from_person: Person::from_jids([jid("999200000003@s.whatsapp.net"), jid("200000000000003@lid")]),
        content: Content::Unsupported { kind: "pollCreationMessage".into() },
        push_name: None,
        ..received(&ana, 3)
    };
    let failed = Message { status: Status::Failed, error: Some("not-on-whatsapp".into()), ..queued(&ana, 4) };
    for stored in [received(&ana, 1), group] {
        subject.must(receive(&stored)).await;
        assert_eq!(subject.store.message(&ana, &stored.id).await.expect("read"), Some(stored));
    }
    for stored in [queued(&ana, 2), failed] {
        subject.must(queue(&stored)).await;
        assert_eq!(subject.store.message(&ana, &stored.id).await.expect("read"), Some(stored));
    }
    assert_eq!(subject.store.message(&ana, &MessageId::from_text("msg_none")).await.expect("read"), None);
}

/// A message that comes late for a deleted session is refused, so that nothing of it is left behind.
pub async fn a_message_without_a_session_is_refused(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(Change::DeleteSession(ana.clone())).await;
    for id in [ana, session_id("never")] {
        for change in
            [receive(&received(&id, 1)), queue(&queued(&id, 1)), keyed(&queued(&id, 1), key("k", 1))]
        {
            let refused = subject.apply(change).await;
            assert!(matches!(refused, Err(StoreError::SessionNotFound(gone)) if gone == id));
        }
    }
}

/// (session, chat, from, `from_me`, `wa_id`) is known already: no effect, no event.
pub async fn a_received_message_is_stored_once(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let first = received(&ana, 1);
    subject.must(receive(&first)).await;
    let again = Message { id: MessageId::from_text("msg_again"), ..first.clone() };
    let entry = Entry { change: receive(&again), event: Some(event(&ana)) };
    let done = subject.store.commit(vec![entry]).await.expect("no error").remove(0);
    assert!(!done.applied && done.events.is_empty());
    assert_eq!(subject.heard.events(), []);
    assert_eq!(subject.store.message(&ana, &again.id).await.expect("read"), None);
    assert_eq!(subject.store.message(&ana, &first.id).await.expect("read"), Some(first));
}

/// A message that differs in any one of them is another message.
pub async fn each_part_of_the_identity_tells_messages_apart(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    let first = received(&ana, 1);
    let other = jid("999200000099@s.whatsapp.net");
    for (n, message) in [
        first.clone(),
        Message { session: bruno, ..first.clone() },
        Message { chat: other.clone(), ..first.clone() },
        Message { from: other, ..first.clone() },
        Message { from_me: true, ..first.clone() },
        Message { wa_id: "3EB0FF".into(), ..first },
    ]
    .into_iter()
    .enumerate()
    {
        subject.must(receive(&Message { id: MessageId::from_text(format!("msg_{n}")), ..message })).await;
    }
}

/// A duplicate takes no effect.
pub async fn a_message_queued_twice_is_stored_once(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(queue(&queued(&ana, 1))).await;
    let again = subject.apply(queue(&queued(&ana, 1))).await.expect("no error");
    assert!(!again.applied && again.earlier.is_none());
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read").len(), 1);
}

/// Nothing is inserted and the outcome names the first message.
pub async fn an_idempotency_key_gives_the_first_message_again(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let first = keyed_outcome(&subject, &queued(&ana, 1), "order-1").await;
    assert!(first.applied && first.earlier.is_none());
    for _ in 0..2 {
        let again = keyed_outcome(&subject, &queued(&ana, 2), "order-1").await;
        assert!(!again.applied);
        assert_eq!(again.earlier, Some(queued(&ana, 1).id));
    }
    assert!(
        keyed_outcome(&subject, &queued(&ana, 2), "order-2").await.applied,
        "another key is another message"
    );
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [queued(&ana, 1), queued(&ana, 2)]);
}

/// `IdempotencyMismatch` when the fingerprint differs.
pub async fn an_idempotency_key_for_another_request_is_refused(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    keyed_outcome(&subject, &queued(&ana, 1), "order-1").await;
    let refused = subject.apply(keyed(&queued(&ana, 2), key("order-1", 2))).await;
    assert!(matches!(refused, Err(StoreError::IdempotencyMismatch)));
    assert_eq!(subject.store.message(&ana, &queued(&ana, 2).id).await.expect("read"), None);
}

/// Repetitions that arrive at the same moment are repetitions too, and new ones among them are not lost.
pub async fn messages_received_at_once_are_stored_once_each(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for n in (0..40).step_by(5) {
        subject.must(receive(&received(&ana, n))).await;
    }
    let mut calls = Vec::new();
    for n in (0..40).chain(20..60) {
        let change = receive(&Message { id: MessageId::random(), ..received(&ana, n) });
        let entry = Entry { change, event: Some(event(&ana)) };
        let store = subject.store.clone();
        calls.push(tokio::spawn(async move { store.commit(vec![entry]).await }));
    }
    let mut stored = 0;
    for call in calls {
        let done = call.await.expect("no panic").expect("no error").remove(0);
        assert_eq!(done.events.len(), usize::from(done.applied));
        stored += usize::from(done.applied);
    }
    assert_eq!((stored, subject.heard.events().len()), (60 - 8, 60 - 8));
    let page = PageRequest { size: 200, token: None };
    let listed = subject.store.messages(&ana, &MessageFilter::default(), &page).await.expect("a page").items;
    let wa_ids: BTreeSet<_> = listed.iter().map(|message| message.wa_id.as_str()).collect();
    assert_eq!((listed.len(), wa_ids.len()), (60, 60));
}

/// Two sessions may use the same key.
pub async fn an_idempotency_key_belongs_to_its_session(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    assert!(keyed_outcome(&subject, &queued(&ana, 1), "order-1").await.applied);
    assert!(keyed_outcome(&subject, &queued(&bruno, 2), "order-1").await.applied);
}

/// Until when it is remembered.
pub async fn an_idempotency_key_expires(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    keyed_outcome(&subject, &queued(&ana, 1), "order-1").await;
    subject.clock.advance(HOUR - TimeDelta::milliseconds(1));
    assert!(!keyed_outcome(&subject, &queued(&ana, 2), "order-1").await.applied);
    subject.clock.advance(TimeDelta::milliseconds(1));
    let renewed = IdempotencyKey { expires_at: noon() + HOUR * 2, ..key("order-1", 2) };
    assert!(subject.apply(keyed(&queued(&ana, 2), renewed.clone())).await.expect("forgotten").applied);
    let again = subject.apply(keyed(&queued(&ana, 3), renewed)).await.expect("remembered anew");
    assert_eq!(again.earlier, Some(queued(&ana, 2).id));
}

/// It is remembered on disk.
pub async fn an_idempotency_key_survives_a_restart(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    keyed_outcome(&subject, &queued(&ana, 1), "order-1").await;
    subject.reopen().await;
    assert_eq!(keyed_outcome(&subject, &queued(&ana, 2), "order-1").await.earlier, Some(queued(&ana, 1).id));
}

/// Concurrent calls with one key make one message, which all of them name.
pub async fn an_idempotency_key_used_at_once_by_many_makes_one_message(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let mut calls = Vec::new();
    for n in 0..20 {
        let (store, change) = (subject.store.clone(), keyed(&queued(&ana, n), key("order-1", 1)));
        calls.push(tokio::spawn(async move { store.commit(vec![Entry { change, event: None }]).await }));
    }
    let (mut made, mut earlier) = (0, Vec::new());
    for call in calls {
        let done = call.await.expect("no panic").expect("no conflict").remove(0);
        made += u32::from(done.applied);
        earlier.extend(done.earlier);
    }
    let stored = subject.store.queued_messages(&ana).await.expect("read");
    assert_eq!((made, stored.len(), earlier.len()), (1, 1, 19));
    assert!(earlier.iter().all(|id| *id == stored[0].id));
}

/// Deleting the session forgets its keys.
pub async fn an_idempotency_key_goes_with_its_session(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    keyed_outcome(&subject, &queued(&ana, 1), "order-1").await;
    subject.must(Change::DeleteSession(ana.clone())).await;
    subject.create(&ana).await;
    assert!(keyed_outcome(&subject, &queued(&ana, 2), "order-1").await.applied);
}

/// All is there after a restart, and known messages are still known.
pub async fn messages_survive_a_restart(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(receive(&received(&ana, 1))).await;
    subject.must(queue(&queued(&ana, 2))).await;
    subject.reopen().await;
    assert_eq!(
        subject.store.message(&ana, &received(&ana, 1).id).await.expect("read"),
        Some(received(&ana, 1))
    );
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [queued(&ana, 2)]);
    let again = Message { id: MessageId::from_text("msg_again"), ..received(&ana, 1) };
    assert!(!subject.apply(receive(&again)).await.expect("no error").applied);
}

/// In the messages of that chat which know only one, and in no others.
pub async fn the_other_address_of_a_chats_person_is_filled_in(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let (pn, lid) = (jid("999200000009@s.whatsapp.net"), jid("200000000000009@lid"));
    let both = Person { pn: Some(pn.clone()), lid: Some(lid.clone()) };
    let of = |n, chat: &Jid| {
        let chat_person = Person::from_jids([chat.clone()]);
        Message { chat: chat.clone(), chat_person, ..queued(&ana, n) }
    };
    let messages = [of(1, &pn), of(2, &lid), of(3, &jid("999200000008@s.whatsapp.net")), queued(&ana, 4)];
    for message in &messages {
        subject.must(queue(message)).await;
    }
    let learn = |person: Person| Change::LearnPerson { session: ana.clone(), person };
    for half in [Person { lid: None, ..both.clone() }, Person { pn: None, ..both.clone() }] {
        assert!(!subject.apply(learn(half)).await.expect("no error").applied);
    }
    assert!(subject.apply(learn(both.clone())).await.expect("no error").applied);
    assert!(!subject.apply(learn(both.clone())).await.expect("no error").applied, "it is known already");
    let expected = [&both, &both, &messages[2].chat_person, &messages[3].chat_person];
    for (message, expected) in messages.iter().zip(expected) {
        let stored = subject.store.message(&ana, &message.id).await.expect("read").expect("there");
        assert_eq!(stored, Message { chat_person: expected.clone(), ..message.clone() });
    }
}
