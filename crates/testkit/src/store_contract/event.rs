//! The event log: numbered in commit order, heard in that order, kept.

use super::{StoreFactory, Subject, event, noon, receive, received, session, session_id};
use enlace_domain::event::{Event, EventFilter, EventType, LogBounds, NewEvent};
use enlace_domain::id::SessionId;
use enlace_domain::port::{Change, Entry};
use std::collections::BTreeMap;
use std::sync::Arc;

async fn log<F: StoreFactory>(subject: &Subject<F>) -> Vec<Arc<Event>> {
    subject.store.events_after(0, &EventFilter::default(), usize::MAX).await.expect("read")
}

fn seqs(events: &[Arc<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.seq).collect()
}

/// `newest` is 0 before the first event, `oldest` one more.
pub async fn a_new_log_has_no_bounds(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    assert_eq!(subject.store.log_bounds().await.expect("read"), LogBounds { oldest: 1, newest: 0 });
    assert_eq!(log(&subject).await, []);
}

/// The same in the outcome, at the sink and in the log.
pub async fn an_event_comes_back_as_it_was_told(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    let mut told = Vec::new();
    for (kind, is_history) in EventType::ALL.into_iter().zip([false, true].into_iter().cycle()) {
        let new = NewEvent { kind, is_history, ..event(&ana) };
        let entry = Entry { change: Change::None, event: Some(new.clone()) };
        let done = subject.store.commit(vec![entry]).await.expect("stored").remove(0);
        let [stored] = done.events.as_slice() else { panic!("one event") };
        assert_eq!(
            (&stored.session, stored.kind, stored.at, stored.is_history, &stored.data),
            (&new.session, kind, new.at, is_history, &new.data)
        );
        told.push(Arc::clone(stored));
    }
    assert_eq!(log(&subject).await, told);
    assert_eq!(subject.heard.events(), told);
    let ids: std::collections::BTreeSet<_> = told.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), told.len(), "every event has an id of its own");
}

/// `seq` from 1 over all; `session_seq` from 1 without gaps in each session.
pub async fn seq_counts_all_events_and_session_seq_those_of_a_session(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let sessions = ["ana", "bruno", "carla"].map(session_id);
    for id in &sessions {
        subject.create(id).await;
    }
    for n in 0..9 {
        let event = subject.tell(&sessions[n % 3]).await;
        assert_eq!((event.seq, event.session_seq), (n as u64 + 1, n as u64 / 3 + 1));
    }
    assert_eq!(subject.store.log_bounds().await.expect("read"), LogBounds { oldest: 1, newest: 9 });
}

/// After the commit, in `seq` order; when a commit returns, its events have been heard.
pub async fn the_sink_hears_of_every_event_in_order(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    assert_eq!(subject.heard.events(), [], "a change without an event is not heard of");
    let entries = (1..=3).map(|n| Entry { change: receive(&received(&ana, n)), event: Some(event(&ana)) });
    subject.store.commit(entries.collect()).await.expect("stored");
    assert_eq!(seqs(&subject.heard.events()), [1, 2, 3]);
    subject.tell(&ana).await;
    assert_eq!(seqs(&subject.heard.events()), [1, 2, 3, 4]);
    assert_eq!(subject.heard.events(), log(&subject).await);
}

/// `seq` greater than `after`, oldest first, at most `limit`.
pub async fn events_are_read_after_a_cursor_up_to_a_limit(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    for _ in 0..10 {
        subject.tell(&ana).await;
    }
    let filter = EventFilter::default();
    for (after, limit, expected) in [
        (0, 3, vec![1, 2, 3]),
        (3, 3, vec![4, 5, 6]),
        (8, 100, vec![9, 10]),
        (10, 100, vec![]),
        (u64::MAX, 100, vec![]),
        (5, 0, vec![]),
    ] {
        let events = subject.store.events_after(after, &filter, limit).await.expect("read");
        assert_eq!(seqs(&events), expected, "after {after}, at most {limit}");
    }
}

/// Only these sessions; only these types; what [`EventFilter::matches`] says.
pub async fn events_are_filtered_by_session_and_type(factory: impl StoreFactory) {
    let subject = Subject::new(factory).await;
    let sessions = ["ana", "bruno", "carla"].map(session_id);
    for id in &sessions {
        subject.create(id).await;
    }
    for kind in EventType::ALL {
        for id in &sessions {
            let entry = Entry { change: Change::None, event: Some(NewEvent { kind, ..event(id) }) };
            subject.store.commit(vec![entry]).await.expect("stored");
        }
    }
    let all = log(&subject).await;
    for wanted in [
        None,
        Some(vec![]),
        Some(vec![sessions[1].clone()]),
        Some(vec![sessions[2].clone(), sessions[0].clone()]),
        Some(vec![session_id("nobody")]),
        Some(vec![session_id("nobody"), sessions[0].clone()]),
    ] {
        for kinds in [None, Some(vec![]), Some(vec![EventType::MessageSent, EventType::SessionState])] {
            let filter = EventFilter { sessions: wanted.clone(), kinds };
            let expected: Vec<_> = all.iter().filter(|event| filter.matches(event)).cloned().collect();
            assert_eq!(
                subject.store.events_after(0, &filter, 100).await.expect("read"),
                expected,
                "{filter:?}"
            );
            let some: Vec<_> = expected.iter().filter(|event| event.seq > 7).take(2).cloned().collect();
            assert_eq!(subject.store.events_after(7, &filter, 2).await.expect("read"), some, "{filter:?}");
        }
    }
}

/// A session that is created again goes on counting, so that no number names two events.
pub async fn session_seq_goes_on_after_deletion_and_creation(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    subject.tell(&ana).await;
    let entry = Entry { change: Change::DeleteSession(ana.clone()), event: Some(event(&ana)) };
    subject.store.commit(vec![entry]).await.expect("deleted");
    let entry = Entry { change: Change::CreateSession(Box::new(session(&ana))), event: Some(event(&ana)) };
    let again = subject.store.commit(vec![entry]).await.expect("created").remove(0);
    assert_eq!(again.events[0].session_seq, 3);
    subject.must(Change::DeleteSession(ana.clone())).await;
    subject.reopen().await;
    subject.create(&ana).await;
    assert_eq!(subject.tell(&ana).await.session_seq, 4);
}

/// Nothing is forgotten, no number is given twice.
pub async fn numbers_go_on_after_a_restart(factory: impl StoreFactory) {
    let (mut subject, ana) = Subject::with_session(factory, "ana").await;
    let bruno = session_id("bruno");
    subject.create(&bruno).await;
    for id in [&ana, &bruno, &ana] {
        subject.tell(id).await;
    }
    let before = log(&subject).await;
    subject.reopen().await;
    assert_eq!(log(&subject).await, before);
    assert_eq!(subject.store.log_bounds().await.expect("read"), LogBounds { oldest: 1, newest: 3 });
    let next = subject.tell(&ana).await;
    assert_eq!((next.seq, next.session_seq), (4, 3));
    let next = subject.tell(&bruno).await;
    assert_eq!((next.seq, next.session_seq), (5, 2));
}

/// Many callers at once: no gap, no repetition, and the sink hears them in order.
pub async fn concurrent_commits_are_numbered_and_heard_in_order(factory: impl StoreFactory) {
    const CALLERS: u64 = 16;
    const EACH: u64 = 20;
    let subject = Subject::new(factory).await;
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let id = session_id(&format!("s{}", caller % 4));
        let store = Arc::clone(&subject.store);
        callers.push(tokio::spawn(async move {
            let mut last = 0;
            for _ in 0..EACH {
                let entry = Entry { change: Change::None, event: Some(event(&id)) };
                let event = store.commit(vec![entry]).await.expect("stored").remove(0).events.remove(0);
                assert!(event.seq > last, "a later commit has a greater number");
                last = event.seq;
            }
        }));
    }
    for caller in callers {
        caller.await.expect("no panic");
    }
    let all = log(&subject).await;
    assert_eq!(seqs(&all), (1..=CALLERS * EACH).collect::<Vec<_>>());
    assert_eq!(subject.heard.events(), all);
    let mut by_session: BTreeMap<&SessionId, u64> = BTreeMap::new();
    for event in &all {
        let newest = by_session.entry(&event.session).or_default();
        *newest += 1;
        assert_eq!(event.session_seq, *newest);
    }
}

/// The event is stored only when the change took effect.
pub async fn a_change_without_effect_tells_nothing(factory: impl StoreFactory) {
    let (subject, ana) = Subject::with_session(factory, "ana").await;
    subject.must(receive(&received(&ana, 1))).await;
    let entries = vec![
        Entry { change: receive(&received(&ana, 1)), event: Some(event(&ana)) },
        Entry { change: receive(&received(&ana, 2)), event: Some(NewEvent { at: noon(), ..event(&ana) }) },
    ];
    let done = subject.store.commit(entries).await.expect("no error");
    assert_eq!((done[0].applied, done[0].events.len()), (false, 0));
    assert_eq!((done[1].applied, done[1].events[0].seq), (true, 1));
    assert_eq!(log(&subject).await, done[1].events);
}
