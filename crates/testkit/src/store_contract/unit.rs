//! One call of `commit`: all of it, in order, or nothing.

use super::{
    StoreFactory, Subject, advance, event, noon, queue, queued, receive, received, session, session_id,
};
use enlace_domain::event::EventFilter;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use enlace_domain::port::{Change, Entry, IdempotencyKey, StoreError};
use enlace_domain::session::Session;

fn told(change: Change, session: &SessionId) -> Entry {
    Entry { change, event: Some(event(session)) }
}

/// An empty call is right and does nothing.
pub async fn nothing_is_committed_for_no_entries(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    assert!(subject.store.commit(Vec::new()).await.expect("no error").is_empty());
    assert!(subject.heard.calls().is_empty());
}

/// Later entries see what earlier ones did.
pub async fn entries_are_applied_in_order(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let ana = session_id("ana");
    let (first, second) = (queued(&ana, 1), queued(&ana, 2));
    let named = Session { name: Some("Ana".into()), ..session(&ana) };
    let entries = vec![
        told(Change::CreateSession(Box::new(session(&ana))), &ana),
        told(queue(&first), &ana),
        told(Change::SaveSession(Box::new(named.clone())), &ana),
        Entry { change: advance(&ana, &[&first], Status::Sent), event: None },
        told(queue(&second), &ana),
        told(Change::WipeKeys(ana.clone()), &ana),
        told(Change::None, &ana),
    ];
    let done = subject.store.commit(entries).await.expect("all right");
    assert!(done.iter().all(|done| done.applied));
    let seqs: Vec<_> = done.iter().flat_map(|done| &done.events).map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
    assert_eq!(subject.store.session(&ana).await.expect("read"), Some(named));
    assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [second]);
    assert_eq!(subject.heard.calls().len(), 1, "one call for one commit");
}

/// All entries or none of them: no row, no event, no number.
pub async fn a_refused_entry_leaves_nothing_of_its_unit(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let key = |fingerprint| IdempotencyKey {
        key: "order-1".into(),
        fingerprint: [fingerprint; 32],
        expires_at: noon() + chrono::TimeDelta::hours(1),
    };
    let keyed = |n, fingerprint| Change::QueueMessage {
        message: Box::new(queued(&ana, n)),
        idempotency: Some(key(fingerprint)),
    };
    subject.must(keyed(1, 1)).await;
    subject.tell(&ana).await;
    let (new, gone) = (session_id("new"), session_id("gone"));
    for refused in [
        Change::CreateSession(Box::new(session(&ana))),
        Change::SaveSession(Box::new(session(&gone))),
        receive(&received(&gone, 1)),
        queue(&queued(&gone, 1)),
        keyed(9, 2),
    ] {
        let entries = vec![
            told(Change::CreateSession(Box::new(session(&new))), &new),
            told(queue(&queued(&ana, 2)), &ana),
            told(receive(&received(&new, 3)), &new),
            Entry { change: advance(&ana, &[&queued(&ana, 1)], Status::Sent), event: None },
            told(refused, &ana),
            told(Change::DeleteSession(ana.clone()), &ana),
        ];
        subject.store.commit(entries).await.expect_err("refused");
        assert_eq!(subject.store.session(&new).await.expect("read"), None);
        assert_eq!(subject.store.queued_messages(&ana).await.expect("read"), [queued(&ana, 1)]);
        let log = subject.store.events_after(0, &EventFilter::default(), 100).await.expect("read");
        assert_eq!((log.len(), subject.heard.events().len()), (1, 1));
    }
    let next = subject.tell(&ana).await;
    assert_eq!((next.seq, next.session_seq), (2, 2), "no number was spent");
    subject.create(&new).await;
    assert_eq!(subject.tell(&new).await.session_seq, 1);
    subject.must(receive(&received(&new, 3))).await;
}

/// Units that were committed at the same moment don't share a fate.
pub async fn a_refused_unit_harms_no_other(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let mut calls = Vec::new();
    for n in 0..60 {
        let refused = n % 3 == 0;
        let mut entries =
            vec![told(receive(&received(&ana, n)), &ana), told(queue(&queued(&ana, 1000 + n)), &ana)];
        if refused {
            entries.push(told(Change::CreateSession(Box::new(session(&ana))), &ana));
        }
        let store = subject.store.clone();
        calls.push(tokio::spawn(async move { (n, refused, store.commit(entries).await) }));
    }
    for call in calls {
        let (n, refused, result) = call.await.expect("no panic");
        assert_eq!(result.is_err(), refused, "unit {n}");
    }
    let waiting = subject.store.queued_messages(&ana).await.expect("read");
    assert_eq!(waiting.len(), 40);
    let log = subject.store.events_after(0, &EventFilter::default(), 100).await.expect("read");
    assert_eq!(log.iter().map(|event| event.session_seq).collect::<Vec<_>>(), (1..=80).collect::<Vec<_>>());
    assert_eq!(subject.heard.events(), log);
}

/// A duplicate within one unit is a duplicate too.
pub async fn a_repeated_message_in_a_unit_is_stored_once(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let first = received(&ana, 1);
    let same_identity = Message { id: MessageId::from_text("msg_again"), ..first.clone() };
    let entries = [&first, &same_identity, &first].map(|message| told(receive(message), &ana)).into();
    let done = subject.store.commit(entries).await.expect("no error");
    assert_eq!(done.iter().map(|done| done.applied).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(subject.heard.events().len(), 1);
}

/// There are no keys to wipe.
pub async fn wiping_keys_of_a_missing_session_has_no_effect(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let done = subject.apply(Change::WipeKeys(session_id("ana"))).await.expect("no error");
    assert!(!done.applied);
}

/// `Closed`, for writing and for reading, and nothing hangs.
pub async fn a_closed_store_says_so(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.factory.close().await;
    let written = subject.apply(Change::WipeKeys(ana.clone())).await;
    assert!(matches!(written, Err(StoreError::Closed)), "{written:?}");
    let read = subject.store.session(&ana).await;
    assert!(matches!(read, Err(StoreError::Closed)), "{read:?}");
}
