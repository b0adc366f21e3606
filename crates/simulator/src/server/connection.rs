//! A connection as the rest of the network sees it. Owns its identity, its mailbox and the list of all of them.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;

use super::registration::Registration;
use crate::state::account::Account;
use crate::state::network::now_seconds;

/// One connection, from its first byte to its end.
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) door: &'static str,
    pub(crate) peer: Option<SocketAddr>,
    /// Unix seconds.
    pub(crate) since: u64,
    /// The client's Noise static key, once shaken hands.
    pub(crate) client_static: OnceLock<[u8; 32]>,
    /// What an unlinked client said of itself, if it said anything.
    pub(crate) registration: OnceLock<Registration>,
    /// Who logged in.
    pub(crate) device: OnceLock<(Arc<Account>, u16)>,
    /// The client asked for what is queued.
    pub(crate) active: AtomicBool,
    /// The client said it is available.
    pub(crate) available: AtomicBool,
    /// Something lies in the device's queue.
    pub(crate) wake: Notify,
    /// Ends the connection without a word.
    pub(crate) cut: CancellationToken,
    /// A fault: nothing more is read or written.
    pub(crate) silent: AtomicBool,
    mailbox: mpsc::UnboundedSender<Command>,
    answers: Mutex<HashMap<String, oneshot::Sender<Node>>>,
    requests: AtomicU64,
}

/// What others may ask a connection to do.
pub(crate) enum Command {
    /// Send this.
    Send(Box<Node>),
    /// Send this, then close.
    End(Option<Box<Node>>),
}

impl Connection {
    pub(crate) fn send(&self, node: Node) {
        drop(self.mailbox.send(Command::Send(Box::new(node))));
    }

    pub(crate) fn end(&self, last: Option<Node>) {
        drop(self.mailbox.send(Command::End(last.map(Box::new))));
    }

    /// An id for an iq of the server on this connection.
    pub(crate) fn next_id(&self) -> String {
        format!("{}", 3_000_000 + self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends an iq of the server; the receiver gets the client's answer, or an error when the connection ends first.
    pub(crate) fn request(&self, id: String, node: Node) -> oneshot::Receiver<Node> {
        let (sender, receiver) = oneshot::channel();
        self.answers.lock().insert(id, sender);
        self.send(node);
        receiver
    }

    /// Gives an iq answer to whoever waits for it.
    pub(crate) fn answered(&self, id: &str, node: &Node) {
        if let Some(sender) = self.answers.lock().remove(id) {
            drop(sender.send(node.clone()));
        }
    }

    /// Forgets who waits: their receivers fail.
    pub(crate) fn forget_answers(&self) {
        self.answers.lock().clear();
    }

    /// It shook hands and did not log in.
    pub(crate) fn is_unlinked(&self) -> bool {
        self.client_static.get().is_some() && self.device.get().is_none()
    }

    /// Where it is in its life, for lists.
    pub(crate) fn state(&self) -> &'static str {
        if self.silent.load(Ordering::Relaxed) {
            "silent"
        } else if self.device.get().is_some() {
            if self.active.load(Ordering::Relaxed) { "online" } else { "logged_in" }
        } else if self.client_static.get().is_some() {
            "unlinked"
        } else {
            "handshake"
        }
    }
}

/// All connections.
#[derive(Default)]
pub(crate) struct Connections {
    all: Mutex<BTreeMap<u64, Arc<Connection>>>,
    next: AtomicU64,
}

impl Connections {
    pub(crate) fn open(
        &self,
        door: &'static str,
        peer: Option<SocketAddr>,
    ) -> (Arc<Connection>, mpsc::UnboundedReceiver<Command>) {
        let (mailbox, commands) = mpsc::unbounded_channel();
        let connection = Arc::new(Connection {
            id: self.next.fetch_add(1, Ordering::Relaxed) + 1,
            door,
            peer,
            since: now_seconds(),
            client_static: OnceLock::new(),
            registration: OnceLock::new(),
            device: OnceLock::new(),
            active: AtomicBool::new(false),
            available: AtomicBool::new(false),
            wake: Notify::new(),
            cut: CancellationToken::new(),
            silent: AtomicBool::new(false),
            mailbox,
            answers: Mutex::new(HashMap::new()),
            requests: AtomicU64::new(1),
        });
        self.all.lock().insert(connection.id, Arc::clone(&connection));
        (connection, commands)
    }

    pub(crate) fn close(&self, id: u64) {
        self.all.lock().remove(&id);
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Connection>> {
        self.all.lock().get(&id).cloned()
    }

    /// Every connection, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Connection>> {
        self.all.lock().values().cloned().collect()
    }
}
