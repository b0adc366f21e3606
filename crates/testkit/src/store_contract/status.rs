//! Statuses: forward only, told once a message.

use super::{StoreFactory, Subject, advance, later, noon, queue, queued, receive, received, session_id};
use enlace_domain::event::EventType;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use enlace_domain::port::{Change, Entry};

const ALL: [Status; 7] = [
    Status::Queued,
    Status::Failed,
    Status::Sent,
    Status::Delivered,
    Status::Read,
    Status::Played,
    Status::Received,
];

async fn status_of<F: StoreFactory>(subject: &Subject<F>, message: &Message) -> Status {
    let stored = subject.store.message(&message.session, &message.id).await.expect("read");
    stored.expect("the message is there").status
}

/// Moves forward to a status, never back.
pub async fn a_status_moves_forward_and_never_back(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let message = queued(&ana, 1);
    subject.must(queue(&message)).await;
    for (status, moves, then) in [
        (Status::Delivered, true, Status::Delivered),
        (Status::Sent, false, Status::Delivered),
        (Status::Delivered, false, Status::Delivered),
        (Status::Read, true, Status::Read),
        (Status::Failed, false, Status::Read),
    ] {
        let done = subject.apply(advance(&ana, &[&message], status)).await.expect("no error");
        assert_eq!((done.applied, done.events.len()), (moves, usize::from(moves)), "{status:?}");
        assert_eq!(status_of(&subject, &message).await, then);
    }
}

/// Each pair of statuses, as [`Status::advances_to`] decides.
pub async fn every_status_moves_as_the_domain_says(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let mut n = 0;
    for from in ALL {
        for to in ALL {
            n += 1;
            let message = Message { status: from, ..queued(&ana, n) };
            subject.must(queue(&message)).await;
            let done = subject.apply(advance(&ana, &[&message], to)).await.expect("no error");
            assert_eq!(done.applied, from.advances_to(to), "{from:?} to {to:?}");
            let expected = if from.advances_to(to) { to } else { from };
            assert_eq!(status_of(&subject, &message).await, expected, "{from:?} to {to:?}");
        }
    }
}

/// Found by their `wa_id`s among those this number wrote.
pub async fn only_messages_of_this_number_move(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let theirs = received(&ana, 1);
    subject.must(receive(&theirs)).await;
    let done = subject.apply(advance(&ana, &[&theirs], Status::Read)).await.expect("no error");
    assert!(!done.applied && done.events.is_empty());
    // The same id on both sides: only ours moves.
    let ours = queued(&ana, 1);
    let ours = Message { id: MessageId::from_text("msg_ours"), ..ours };
    subject.must(queue(&ours)).await;
    subject.must(advance(&ana, &[&ours], Status::Read)).await;
    assert_eq!(status_of(&subject, &theirs).await, Status::Received);
    assert_eq!(status_of(&subject, &ours).await, Status::Read);
}

/// One event of type `tells` for each message that moved, whose data is the message as listed.
pub async fn one_event_is_told_for_each_message_that_moved(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let messages: Vec<_> = (1..=3).map(|n| queued(&ana, n)).collect();
    for message in &messages {
        subject.must(queue(message)).await;
    }
    subject.must(advance(&ana, &[&messages[1]], Status::Read)).await;
    let change = Change::AdvanceStatus {
        session: ana.clone(),
        wa_ids: vec![
            messages[2].wa_id.clone(),
            messages[1].wa_id.clone(),
            "3EB0UNKNOWN".into(),
            messages[0].wa_id.clone(),
            messages[0].wa_id.clone(),
        ],
        status: Status::Sent,
        error: None,
        tells: EventType::MessageSent,
        at: later(77),
    };
    let done = subject.apply(change).await.expect("no error");
    assert!(done.applied);
    let mut told = Vec::new();
    for event in &done.events {
        assert_eq!((event.kind, event.at, event.is_history), (EventType::MessageSent, later(77), false));
        let message: Message = serde_json::from_value(event.data.clone()).expect("the message as listed");
        let listed = subject.store.message(&ana, &message.id).await.expect("read");
        assert_eq!(Some(&message), listed.as_ref());
        told.push((message.id, message.status));
    }
    let expected = [(messages[0].id.clone(), Status::Sent), (messages[2].id.clone(), Status::Sent)];
    assert_eq!(told, expected, "the oldest message first");
    assert_eq!(subject.heard.events().split_off(1), done.events);
}

/// Why, for `failed`.
pub async fn a_failure_is_told_with_its_reason(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let message = queued(&ana, 1);
    subject.must(queue(&message)).await;
    subject
        .must(Change::AdvanceStatus {
            session: ana.clone(),
            wa_ids: vec![message.wa_id.clone()],
            status: Status::Failed,
            error: Some("recipient-unknown".into()),
            tells: EventType::MessageStatus,
            at: noon(),
        })
        .await;
    let stored = subject.store.message(&ana, &message.id).await.expect("read").expect("there");
    assert_eq!((stored.status, stored.error.as_deref()), (Status::Failed, Some("recipient-unknown")));
    // A late acknowledgement is the truth after all.
    subject.must(advance(&ana, &[&message], Status::Sent)).await;
    let stored = subject.store.message(&ana, &message.id).await.expect("read").expect("there");
    assert_eq!((stored.status, stored.error), (Status::Sent, None));
}

/// It leaves the queue.
pub async fn an_acknowledged_message_is_no_longer_queued(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    for n in 1..=3 {
        subject.must(queue(&queued(&ana, n))).await;
    }
    subject.must(advance(&ana, &[&queued(&ana, 1), &queued(&ana, 3)], Status::Sent)).await;
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [queued(&ana, 2)]);
    subject.reopen().await;
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [queued(&ana, 2)]);
}

/// Whose messages.
pub async fn another_sessions_message_does_not_move(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    let message = queued(&ana, 1);
    subject.must(queue(&message)).await;
    for other in [bruno, SessionId::random()] {
        let entry = Entry { change: advance(&other, &[&message], Status::Sent), event: None };
        let done = subject.store.commit(vec![entry]).await.expect("no error").remove(0);
        assert!(!done.applied);
    }
    assert_eq!(status_of(&subject, &message).await, Status::Queued);
}

/// Acknowledgements and receipts of many messages at the same moment: none is lost, each is told in order.
pub async fn statuses_that_move_at_once_end_at_the_furthest(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let messages: Vec<_> = (0..40).map(|n| queued(&ana, n)).collect();
    for message in &messages {
        subject.must(queue(message)).await;
    }
    let mut calls = Vec::new();
    for message in &messages {
        for status in [Status::Sent, Status::Delivered, Status::Sent] {
            let entry = Entry { change: advance(&ana, &[message], status), event: None };
            let store = subject.store.clone();
            calls.push(tokio::spawn(async move { store.commit(vec![entry]).await }));
        }
    }
    for call in calls {
        call.await.expect("no panic").expect("no error");
    }
    for message in &messages {
        assert_eq!(status_of(&subject, message).await, Status::Delivered);
        let told = subject.heard.events().into_iter().filter(|event| event.data["id"] == message.id.as_str());
        let told: Vec<_> = told.map(|event| event.data["status"].clone()).collect();
        assert!(told == ["delivered"] || told == ["sent", "delivered"], "{told:?}");
    }
    receipts_that_overtake(&subject, &ana).await;
}

/// A receipt proves that a message was sent: a unit moves it there first, and then as far as it got; both are told.
async fn receipts_that_overtake<F: StoreFactory>(subject: &Subject<F>, ana: &SessionId) {
    let messages: Vec<_> = (100..140).map(|n| queued(ana, n)).collect();
    for message in &messages {
        subject.must(queue(message)).await;
    }
    // Some were acknowledged before.
    let (acknowledged, waiting) = messages.split_at(10);
    for message in acknowledged {
        subject.must(advance(ana, &[message], Status::Sent)).await;
    }
    let before = subject.heard.events().len();
    let mut calls = Vec::new();
    for message in &messages {
        let moves = [Status::Sent, Status::Delivered, Status::Read]
            .map(|status| Entry { change: advance(ana, &[message], status), event: None });
        let store = subject.store.clone();
        calls.push(tokio::spawn(async move { store.commit(moves.into()).await }));
    }
    for call in calls {
        let done = call.await.expect("no panic").expect("no error");
        let told: Vec<_> = done.iter().flat_map(|done| &done.events).collect();
        assert!(
            told.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq),
            "a unit's events follow one another"
        );
    }
    let events = subject.heard.events().split_off(before);
    let told = |message: &Message| -> Vec<_> {
        let of = events.iter().filter(|event| event.data["id"] == message.id.as_str());
        of.map(|event| event.data["status"].clone()).collect()
    };
    for message in waiting {
        assert_eq!(told(message), ["sent", "delivered", "read"]);
    }
    for message in acknowledged {
        assert_eq!(told(message), ["delivered", "read"]);
    }
}
