//! Forgetting old events: bounds move, numbers are never given again.

use crate::place::Place;
use enlace_domain::event::{EventFilter, LogBounds};
use enlace_domain::port::{Change, Entry, Store};
use enlace_store_sqlite::SqliteStore;
use enlace_testkit::store_contract::{event, session_id};

async fn tell(store: &SqliteStore, session: &str) -> (u64, u64) {
    let entry = Entry { change: Change::None, event: Some(event(&session_id(session))) };
    let done = store.commit(vec![entry]).await.unwrap().remove(0);
    (done.events[0].seq, done.events[0].session_seq)
}

async fn oldest_and_newest(store: &SqliteStore) -> (u64, u64) {
    let LogBounds { oldest, newest } = store.log_bounds().await.unwrap();
    (oldest, newest)
}

#[tokio::test]
async fn the_oldest_events_are_forgotten() {
    let place = Place::new();
    let (store, _) = place.with_session("ana").await;
    for _ in 0..10 {
        tell(&store, "ana").await;
    }
    assert_eq!(store.forget_events(4).await.unwrap(), 3);
    assert_eq!(oldest_and_newest(&store).await, (4, 10));
    let left = store.events_after(0, &EventFilter::default(), 100).await.unwrap();
    assert_eq!(left.iter().map(|event| event.seq).collect::<Vec<_>>(), (4..=10).collect::<Vec<_>>());
    assert_eq!(store.forget_events(4).await.unwrap(), 0);
}

#[tokio::test]
async fn numbers_go_on_when_everything_was_forgotten_also_after_a_restart() {
    let place = Place::new();
    let (store, _) = place.with_session("ana").await;
    for session in ["ana", "bruno", "ana"] {
        tell(&store, session).await;
    }
    assert_eq!(store.forget_events(u64::MAX).await.unwrap(), 3);
    assert_eq!(oldest_and_newest(&store).await, (4, 3));
    place.shut().await;
    let store = place.store().await;
    assert_eq!(oldest_and_newest(&store).await, (4, 3));
    assert_eq!(tell(&store, "ana").await, (4, 3));
    assert_eq!(tell(&store, "bruno").await, (5, 2));
    assert_eq!(oldest_and_newest(&store).await, (4, 5));
}

#[tokio::test]
async fn many_events_are_forgotten_in_steps() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    for _ in 0..5 {
        let entries = (0..1000).map(|_| Entry { change: Change::None, event: Some(event(&ana)) }).collect();
        store.commit(entries).await.unwrap();
    }
    let before = store.counts().commits;
    assert_eq!(store.forget_events(4901).await.unwrap(), 4900);
    assert!(store.counts().commits - before > 1, "other writes get their turn in between");
    assert_eq!(oldest_and_newest(&store).await, (4901, 5000));
}
