//! `kill -9`: what was answered is there. The test starts itself as the process that is killed.

use enlace_domain::clock::SystemClock;
use enlace_domain::event::EventFilter;
use enlace_domain::port::{Change, Entry, Store};
use enlace_store_sqlite::{SealingKey, SqliteStore};
use enlace_testkit::store_contract::{event, queue, queued, session, session_id};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use wacore::store::traits::SignalStore;

/// Names the database in the process that is to be killed.
const DATABASE: &str = "ENLACE_TEST_CRASH_DATABASE";
const WRITERS: u32 = 8;
const ROUNDS: u32 = 3;

fn database() -> Option<OsString> {
    std::env::var_os(DATABASE)
}

async fn open(path: &Path) -> SqliteStore {
    let key = SealingKey::from_bytes(&[1; 32]);
    SqliteStore::open(path, key, Arc::new(crate::place::Nobody), Arc::new(SystemClock)).await.unwrap()
}

/// Not a test of its own: writes without end and says on its output what was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_it_is_killed() {
    let Some(path) = database() else { return };
    let store = open(path.as_ref()).await;
    let ana = session_id("ana");
    let create = Entry { change: Change::CreateSession(Box::new(session(&ana))), event: None };
    store.commit(vec![create]).await.ok();
    let keys = store.key_store(&ana);
    let begun = u32::try_from(store.log_bounds().await.unwrap().newest).unwrap() + 1;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (store, keys, ana) = (store.clone(), keys.clone(), ana.clone());
        writers.push(tokio::spawn(async move {
            for n in (0..).map(|round| (begun + round) * WRITERS + writer) {
                keys.put_session(&format!("{n}@lid"), &n.to_be_bytes()).await.unwrap();
                say("key", n);
                let entry = Entry { change: queue(&queued(&ana, n)), event: Some(event(&ana)) };
                assert!(store.commit(vec![entry]).await.unwrap()[0].applied);
                say("message", n);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

fn say(what: &str, n: u32) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what} {n}").and_then(|()| out.flush()).ok();
}

/// Runs the child until it has been answered that often, kills it, and gives what it said.
fn run_and_kill(path: &Path, answers: usize) -> (BTreeSet<u32>, BTreeSet<u32>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut keys, mut messages) = (BTreeSet::new(), BTreeSet::new());
    let mut note = |line: &str| match line.split_once(' ') {
        Some(("key", n)) => n.parse().is_ok_and(|n| keys.insert(n)),
        Some(("message", n)) => n.parse().is_ok_and(|n| messages.insert(n)),
        _ => false,
    };
    let mut noted = 0;
    for line in lines.by_ref() {
        noted += usize::from(note(&line.unwrap()));
        if noted >= answers {
            break;
        }
    }
    child.kill().unwrap();
    // What it said before it died counts too; only a last line that was cut off does not.
    for line in lines.map_while(Result::ok) {
        note(&line);
    }
    child.wait().unwrap();
    assert!(noted >= answers, "the child ended by itself");
    (keys, messages)
}

#[test]
fn everything_that_was_answered_survives_a_kill() {
    if database().is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("enlace.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut keys, mut messages) = (BTreeSet::new(), BTreeSet::new());
    for round in 1..=ROUNDS {
        let (more_keys, more_messages) = run_and_kill(&path, 120 * round as usize);
        keys.extend(more_keys);
        messages.extend(more_messages);
        runtime.block_on(async {
            let store = open(&path).await;
            assert_kept(&store, &keys, &messages).await;
            store.close().await;
        });
    }
}

async fn assert_kept(store: &SqliteStore, keys: &BTreeSet<u32>, messages: &BTreeSet<u32>) {
    let ana = session_id("ana");
    let stored = store.key_store(&ana);
    for n in keys {
        let record = stored.get_session(&format!("{n}@lid")).await.unwrap();
        assert_eq!(record.as_deref(), Some(&n.to_be_bytes()[..]), "key {n}");
    }
    for n in messages {
        let message = queued(&ana, *n);
        assert_eq!(store.message(&ana, &message.id).await.unwrap(), Some(message), "message {n}");
    }
    let log = store.events_after(0, &EventFilter::default(), usize::MAX).await.unwrap();
    let all = store.queued_messages(&ana).await.unwrap().len();
    assert_eq!(log.len(), all, "a message and its event are one");
    for (expected, event) in (1..).zip(&log) {
        assert_eq!((event.seq, event.session_seq), (expected, expected), "numbers have no gap");
    }
}
