//! Writes that wait at the same time share a disk flush, and reading waits for none of them.

use crate::place::Place;
use enlace_domain::port::{Change, Entry, Store};
use enlace_testkit::store_contract::{event, queue, queued};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use wacore::store::traits::SignalStore;

#[tokio::test]
async fn writes_at_the_same_time_share_commits() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    let keys = store.key_store(&ana);
    let before = store.counts();
    // Nothing is written before all of it is handed in.
    let mut other = SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let mut writes = Vec::new();
    for n in 0..200_u32 {
        let (store, keys, ana) = (store.clone(), keys.clone(), ana.clone());
        writes.push(tokio::spawn(async move {
            if n % 2 == 0 {
                keys.put_session(&format!("{n}@lid"), &[7; 500]).await.unwrap();
            } else {
                let entry = Entry { change: queue(&queued(&ana, n)), event: Some(event(&ana)) };
                assert!(store.commit(vec![entry]).await.unwrap()[0].applied);
            }
        }));
    }
    // The single-threaded runtime has had all of them hand in when this one, which is the last, comes to run.
    tokio::spawn(async {}).await.unwrap();
    other.execute("ROLLBACK").await.unwrap();
    for write in writes {
        write.await.unwrap();
    }
    let after = store.counts();
    assert_eq!(after.units - before.units, 200);
    assert!(after.commits - before.commits <= 4, "{before:?} {after:?}");
    assert_eq!(store.queued_messages(&ana).await.unwrap().len(), 100);
    assert_eq!(store.log_bounds().await.unwrap().newest, 100);
}

#[tokio::test]
async fn writes_one_after_another_are_each_committed() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    let keys = store.key_store(&ana);
    let before = store.counts();
    for n in 0..10 {
        keys.put_session("a@lid", &[n; 50]).await.unwrap();
    }
    let after = store.counts();
    assert_eq!((after.units - before.units, after.commits - before.commits), (10, 10));
}

#[tokio::test]
async fn a_caller_that_goes_away_has_its_change_all_the_same() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    let entry = || Entry { change: Change::None, event: Some(event(&ana)) };
    {
        let abandoned = store.commit(vec![entry()]);
        // Polled once, the unit is on its way; then the caller is gone.
        tokio::select! {
            biased;
            _ = abandoned => {}
            () = std::future::ready(()) => {}
        }
    }
    let next = store.commit(vec![entry()]).await.unwrap();
    assert_eq!(next[0].events[0].seq, 2);
}

#[tokio::test]
async fn closing_answers_everything_that_waits() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    let mut writes = Vec::new();
    for n in 0..100 {
        let (store, ana) = (store.clone(), ana.clone());
        writes.push(tokio::spawn(async move {
            store.commit(vec![Entry { change: queue(&queued(&ana, n)), event: None }]).await.is_ok()
        }));
    }
    tokio::task::yield_now().await;
    store.close().await;
    let mut stored = 0;
    for write in writes {
        stored += usize::from(write.await.unwrap());
    }
    place.shut().await;
    let (store, ana) = place.with_session("ana").await;
    assert_eq!(
        store.queued_messages(&ana).await.unwrap().len(),
        stored,
        "what was answered is there, no more"
    );
}

#[tokio::test]
async fn reading_goes_on_while_a_write_waits() {
    let place = Place::new();
    let (store, ana) = place.with_session("ana").await;
    let mut other = SqliteConnectOptions::new().filename(place.file()).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let write = {
        let (store, entry) = (store.clone(), Entry { change: Change::None, event: Some(event(&ana)) });
        tokio::spawn(async move { store.commit(vec![entry]).await })
    };
    for _ in 0..20 {
        assert!(store.session(&ana).await.unwrap().is_some());
        assert!(!store.key_store(&ana).has_session("a@lid").await.unwrap());
    }
    assert!(!write.is_finished(), "the write still waits for the other program");
    assert_eq!(store.log_bounds().await.unwrap().newest, 0);
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(write.await.unwrap().unwrap()[0].events[0].seq, 1);
}
