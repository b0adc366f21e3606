//! One phone with its companions. Owns its facts and the locks around them.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use wacore_binary::Jid;

use super::batch::{Batch, Key, Table};
use super::queue::{OneTimeKeys, Queue};
use super::records::{AccountRecord, DeviceRecord, MessageRecord, ReceiptRecord};
use crate::crypto::app_state::{AppStateKey, Collection};
use crate::crypto::signal::{PhoneSignal, SignalAddress, SignalChange};
use crate::server::connection::Connection;

/// The number of the phone itself among its devices.
pub(crate) const PHONE: u16 = 0;

/// A phone, its companions, and all that is kept for them.
pub(crate) struct Account {
    pub(crate) number: u64,
    pub(crate) lid: u64,
    /// What the server knows.
    pub(crate) facts: Mutex<Facts>,
    /// App-state collections, by name.
    pub(crate) collections: Mutex<BTreeMap<String, Collection>>,
    /// What the phone itself knows and computes.
    pub(crate) phone: Mutex<PhoneState>,
    /// Taken before every other lock by who tells a companion something: two at once would each spend a one-time key.
    pub(crate) telling: Mutex<()>,
    /// A task works through the phone's queue.
    pub(crate) working: AtomicBool,
}

/// What the server knows of a phone.
pub(crate) struct Facts {
    pub(crate) record: AccountRecord,
    /// Companions by device number, 1 and up.
    pub(crate) devices: BTreeMap<u16, Device>,
    /// The phone's own queue.
    pub(crate) inbox: Queue,
}

/// A companion as the server keeps it.
pub(crate) struct Device {
    pub(crate) record: DeviceRecord,
    pub(crate) queue: Queue,
    pub(crate) keys: OneTimeKeys,
    /// Its connection, while logged in.
    pub(crate) connection: Option<Arc<Connection>>,
}

impl Device {
    pub(crate) fn new(record: DeviceRecord) -> Self {
        Self { record, queue: Queue::default(), keys: OneTimeKeys::default(), connection: None }
    }
}

/// What a phone knows.
pub(crate) struct PhoneState {
    pub(crate) signal: PhoneSignal,
    pub(crate) messages: MessageLog,
    pub(crate) receipts: VecDeque<(u64, ReceiptRecord)>,
    /// How often each undecryptable message was asked for again.
    pub(crate) retries: BTreeMap<String, u8>,
}

/// The messages a phone remembers, oldest first.
#[derive(Default)]
pub(crate) struct MessageLog {
    entries: VecDeque<(u64, Arc<MessageRecord>)>,
    known: HashSet<(String, String, String)>,
}

impl MessageLog {
    fn key(record: &MessageRecord) -> (String, String, String) {
        (record.chat.clone(), record.from.clone(), record.id.clone())
    }

    /// Adds a message; `false` if the phone has it already.
    pub(crate) fn push(&mut self, seq: u64, record: Arc<MessageRecord>) -> bool {
        if !self.known.insert(Self::key(&record)) {
            return false;
        }
        let place = self.entries.partition_point(|(other, _)| *other < seq);
        self.entries.insert(place, (seq, record));
        true
    }

    pub(crate) fn knows(&self, record: &MessageRecord) -> bool {
        self.known.contains(&Self::key(record))
    }

    /// Removes and returns the rows beyond `limit`.
    pub(crate) fn trim(&mut self, limit: usize) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.entries.len() > limit {
            let Some((seq, record)) = self.entries.pop_front() else { break };
            self.known.remove(&Self::key(&record));
            gone.push(seq);
        }
        gone
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<MessageRecord>> {
        self.entries.iter().map(|(_, record)| record)
    }

    /// The newest message with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Arc<MessageRecord>> {
        self.iter().rev().find(|record| record.id == id)
    }
}

impl Account {
    pub(crate) fn new(record: AccountRecord, signal: PhoneSignal) -> Self {
        Self {
            number: record.number,
            lid: record.lid,
            facts: Mutex::new(Facts { record, devices: BTreeMap::new(), inbox: Queue::default() }),
            collections: Mutex::new(BTreeMap::new()),
            phone: Mutex::new(PhoneState {
                signal,
                messages: MessageLog::default(),
                receipts: VecDeque::new(),
                retries: BTreeMap::new(),
            }),
            telling: Mutex::new(()),
            working: AtomicBool::new(false),
        }
    }

    /// `number@s.whatsapp.net`.
    pub(crate) fn pn(&self) -> Jid {
        Jid::pn(self.number.to_string())
    }

    /// `id@lid`.
    pub(crate) fn lid_jid(&self) -> Jid {
        Jid::lid(self.lid.to_string())
    }

    /// The address in one of its two forms.
    pub(crate) fn jid(&self, form: Form) -> Jid {
        match form {
            Form::Pn => self.pn(),
            Form::Lid => self.lid_jid(),
        }
    }

    /// The address under which phones keep their Signal sessions with a device: always the number's, so that a person
    /// has one session per device whichever address a stanza used.
    pub(crate) fn signal_address(&self, device: u16) -> SignalAddress {
        SignalAddress::of(&self.pn().with_device(device))
    }

    pub(crate) fn name(&self) -> String {
        self.facts.lock().record.name.clone()
    }

    pub(crate) fn app_state_key(&self) -> AppStateKey {
        self.facts.lock().record.app_state_key.clone()
    }

    /// The devices others write to: the phone and its confirmed companions that published keys.
    pub(crate) fn reachable_devices(&self) -> Vec<u16> {
        let facts = self.facts.lock();
        std::iter::once(PHONE)
            .chain(facts.devices.iter().filter(|(_, d)| d.record.reachable()).map(|(&id, _)| id))
            .collect()
    }
}

impl DeviceRecord {
    /// Others may see it and can encrypt to it.
    pub(crate) fn reachable(&self) -> bool {
        self.confirmed && self.signed_prekey.is_some()
    }
}

/// The two addresses of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pn,
    Lid,
}

impl Form {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Pn => Self::Lid,
            Self::Lid => Self::Pn,
        }
    }
}

/// Puts the phone's ratchet steps into a batch. Call it under the phone's lock.
pub(crate) fn journal_signal(batch: &mut Batch, number: u64, signal: &mut PhoneSignal) {
    for change in signal.take_changes() {
        let key = Key::account(number);
        match &change {
            SignalChange::Session(address, record) => {
                let key = key.name("s").bytes(&encode(address));
                if record.is_some() {
                    batch.put(Table::Signal, &key, &change);
                } else {
                    batch.delete(Table::Signal, &key);
                }
            }
            SignalChange::Identity(address, _) => {
                batch.put(Table::Signal, &key.name("i").bytes(&encode(address)), &change);
            }
            SignalChange::PreKeyIssued(id, _) => {
                batch.put(Table::Signal, &key.name("p").bytes(&id.to_be_bytes()), &change);
            }
            SignalChange::PreKeyUsed(id) => {
                batch.delete(Table::Signal, &key.name("p").bytes(&id.to_be_bytes()));
            }
            SignalChange::SenderKey(name, _) => {
                batch.put(Table::Signal, &key.name("k").bytes(name.as_bytes()), &change);
            }
        }
    }
}

fn encode(address: &SignalAddress) -> Vec<u8> {
    postcard::to_stdvec(address).expect("an address is text")
}
