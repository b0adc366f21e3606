//! What a durable write costs here: writes a second and microseconds a write, at several concurrencies.
//!
//! `cargo run --release -p enlace-store-sqlite --example commit_cost [FOLDER [WORK [AT_ONCE]]]` measures on the disk that holds
//! FOLDER (default: the current one; a folder in memory would measure nothing). A "record" is one WhatsApp session record of
//! 1,500 bytes; a "send" is all that sending one text writes: the queued message, its copy for retries, its secret,
//! and the acknowledgement with its event.

use async_trait::async_trait;
use enlace_domain::address::{Jid, Person};
use enlace_domain::clock::{Clock, SystemClock};
use enlace_domain::event::{Event, EventType};
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Content, Message, Status};
use enlace_domain::port::{Change, Entry, EventSink, Store};
use enlace_domain::session::{Desired, Network, Session, SessionState, Settings, StateName};
use enlace_store_sqlite::{SealingKey, SqliteKeyStore, SqliteStore};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wacore::store::traits::{MsgSecretStore, ProtocolStore, SignalStore};

const SESSIONS: usize = 32;
const TIME: Duration = Duration::from_secs(3);

struct Nobody;

impl EventSink for Nobody {
    fn committed(&self, _events: &[Arc<Event>]) {}
}

/// One thing to measure.
#[async_trait]
trait Work: Send + Sync + 'static {
    async fn once(&self, store: &SqliteStore, keys: &SqliteKeyStore, session: &SessionId, round: u64);
}

struct Record;

#[async_trait]
impl Work for Record {
    async fn once(&self, _: &SqliteStore, keys: &SqliteKeyStore, _: &SessionId, round: u64) {
        let address = format!("{}@lid", 100_000_000_000 + round % 1000);
        keys.put_session(&address, &[7; 1500]).await.expect("stored");
    }
}

struct SendText;

#[async_trait]
impl Work for SendText {
    async fn once(&self, store: &SqliteStore, keys: &SqliteKeyStore, session: &SessionId, round: u64) {
        let chat = format!("{}@s.whatsapp.net", 999_100_000_000 + round % 100);
        let message = message(session, &chat);
        let (id, secret) = (message.wa_id.clone(), [9; 32]);
        let queued = Change::QueueMessage { message: Box::new(message), idempotency: None };
        store.commit(vec![Entry { change: queued, event: None }]).await.expect("queued");
        let (kept, secret) = tokio::join!(
            keys.store_sent_message(&chat, &id, &[1; 200]),
            keys.put_msg_secret(&chat, &chat, &id, &secret)
        );
        kept.and(secret).expect("kept");
        let sent = Change::AdvanceStatus {
            session: session.clone(),
            wa_ids: vec![id],
            status: Status::Sent,
            error: None,
            tells: EventType::MessageSent,
            at: SystemClock.now(),
        };
        store.commit(vec![Entry { change: sent, event: None }]).await.expect("acknowledged");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let only = std::env::args().nth(2);
    let at_once = std::env::args().nth(3).map(|text| text.parse()).transpose()?;
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("enlace.db");
    let key = SealingKey::from_bytes(&[1; 32]);
    let store = SqliteStore::open(&path, key, Arc::new(Nobody), Arc::new(SystemClock)).await?;
    let mut sessions = Vec::new();
    for index in 0..SESSIONS {
        let id = SessionId::parse(&format!("s{index}"))?;
        let change = Change::CreateSession(Box::new(session(&id)));
        store.commit(vec![Entry { change, event: None }]).await?;
        sessions.push((id.clone(), store.key_store(&id)));
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "what     at once       a second   µs each   units per flush   µs per flush")?;
    for (name, work) in [("record", Arc::new(Record) as Arc<dyn Work>), ("send", Arc::new(SendText))] {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        for concurrency in at_once.map_or_else(|| vec![1, 16, 64, 256], |one| vec![one]) {
            let before = store.counts();
            let (done, took) = measure(&store, &sessions, &work, concurrency).await;
            let after = store.counts();
            let (units, flushes) = (after.units - before.units, after.commits - before.commits);
            let (done, seconds) = (ratio(done, 1), took.as_secs_f64());
            writeln!(
                out,
                "{name:<8} {concurrency:>7} {:>14.0} {:>9.1} {:>17.1} {:>14.1}",
                done / seconds,
                seconds * 1e6 / done,
                ratio(units, flushes),
                seconds * 1e6 / ratio(flushes, 1),
            )?;
        }
    }
    store.close().await;
    Ok(())
}

async fn measure(
    store: &SqliteStore,
    sessions: &[(SessionId, Arc<SqliteKeyStore>)],
    work: &Arc<dyn Work>,
    concurrency: usize,
) -> (u64, Duration) {
    let rounds = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..concurrency {
        let (session, keys) = sessions[worker % sessions.len()].clone();
        let (store, work, rounds) = (store.clone(), Arc::clone(work), Arc::clone(&rounds));
        workers.push(tokio::spawn(async move {
            while began.elapsed() < TIME {
                let round = rounds.fetch_add(1, Ordering::Relaxed);
                work.once(&store, &keys, &session, round).await;
            }
        }));
    }
    for worker in workers {
        worker.await.expect("a worker does not panic");
    }
    (rounds.load(Ordering::Relaxed), began.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

fn session(id: &SessionId) -> Session {
    let now = SystemClock.now();
    Session {
        id: id.clone(),
        name: None,
        network: Network::Simulator,
        desired: Desired::Running,
        state: SessionState::plain(StateName::Online, now),
        linked: true,
        phone: None,
        lid: None,
        push_name: None,
        expect_phone: None,
        metadata: serde_json::Map::new(),
        settings: Settings::default(),
        proxy: None,
        aliases: enlace_domain::alias::Aliases::new(),
        qr_count: 0,
        round_count: 0,
        code_count: 0,
        created_at: now,
    }
}

fn message(session: &SessionId, chat: &str) -> Message {
    let chat = Jid::parse(chat).expect("a JID");
    let me = Jid::parse("999100000001@s.whatsapp.net").expect("a JID");
    let id = MessageId::random();
    Message {
        wa_id: format!("3EB0{}", &id.as_str()[12..30].to_uppercase()),
        id,
        session: session.clone(),
        chat_person: Person::from_jids([chat.clone()]),
        chat,
        from_person: Person::from_jids([me.clone()]),
        from: me,
        from_me: true,
        push_name: None,
        at: SystemClock.now(),
        status: Status::Queued,
        error: None,
        content: Content::Text("Hello from the gateway".to_owned()),
    }
}
