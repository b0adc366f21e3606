//! The whole network behind every door. Owns its parts; the parts own their locks.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::account::{Account, journal_signal};
use super::batch::{Batch, Key, Table};
use super::directory::Directory;
use super::group::Groups;
use super::journal::Journal;
use super::records::AccountRecord;
use super::{compact, folder, load, number};
use crate::config::SimulatorConfig;
use crate::crypto::app_state::{AppStateKey, Setting};
use crate::crypto::signal::PhoneSignal;
use crate::error::SimulatorError;
use crate::faults::Faults;
use crate::phone::limits::{self, check_length};
use crate::server::connection::Connections;
use crate::server::pairing::Offers;
use crate::server::presence::Presence;
use crate::trace::Trace;
use crate::wire::noise::ServerIdentity;

/// Everything a network is.
pub(crate) struct Network {
    pub(crate) config: SimulatorConfig,
    pub(crate) identity: ServerIdentity,
    pub(crate) journal: Journal,
    pub(crate) directory: Directory,
    pub(crate) groups: Groups,
    pub(crate) connections: Connections,
    pub(crate) offers: Offers,
    pub(crate) presence: Presence,
    pub(crate) faults: Faults,
    pub(crate) trace: Trace,
    pub(crate) media: crate::media::Media,
    pub(crate) tasks: TaskTracker,
    pub(crate) closing: CancellationToken,
    /// Singletons as they were read.
    meta: Mutex<HashMap<String, Vec<u8>>>,
    seq: AtomicU64,
}

impl Network {
    /// A network that lives in memory, or in a folder.
    pub(crate) fn open(folder: Option<&Path>, config: SimulatorConfig) -> Result<Arc<Self>, SimulatorError> {
        config.check().map_err(SimulatorError::Config)?;
        let mut rows = load::Rows::default();
        let journal = match folder {
            None => Journal::in_memory(),
            Some(folder) => {
                let lock = folder::lock(folder)?;
                let index = compact::recover(folder, |table, key, value| {
                    rows.add(table, key, value).map_err(|detail| SimulatorError::Damaged {
                        path: folder.to_owned(),
                        detail: detail.to_owned(),
                    })
                })?;
                Journal::on_disk(folder, lock, index, config.journal_bytes)?
            }
        };
        let mut meta = std::mem::take(&mut rows.meta);
        let mut batch = Batch::new();
        let identity = kept(&mut meta, &mut batch, "identity", || {
            ServerIdentity::generate(now_seconds(), &mut rand::rng())
        })?;
        journal.write(&batch)?;
        let media = crate::media::Media::new(folder, config.media_bytes);
        let network = Arc::new(Self {
            identity,
            journal,
            directory: Directory::default(),
            groups: Groups::default(),
            connections: Connections::default(),
            offers: Offers::default(),
            presence: Presence::default(),
            faults: Faults::default(),
            trace: Trace::new(config.trace),
            media,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            meta: Mutex::new(meta),
            seq: AtomicU64::new(1),
            config,
        });
        let last = rows.build(&network).map_err(|detail| SimulatorError::Damaged {
            path: folder.unwrap_or(Path::new("")).to_owned(),
            detail: detail.to_owned(),
        })?;
        network.seq.store(last + 1, Ordering::Relaxed);
        Ok(network)
    }

    /// A number that grows with every stanza and message of the network.
    pub(crate) fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }

    /// A singleton that is made once and then kept with the state.
    pub(crate) fn keep<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        make: impl FnOnce() -> T,
    ) -> Result<T, SimulatorError> {
        let mut batch = Batch::new();
        let value = kept(&mut self.meta.lock(), &mut batch, name, make)?;
        self.journal.write(&batch)?;
        Ok(value)
    }

    /// Replaces a singleton.
    pub(crate) fn replace<T: Serialize>(&self, name: &str, value: &T) -> Result<(), SimulatorError> {
        let bytes = postcard::to_stdvec(value).map_err(|error| SimulatorError::Keys(error.to_string()))?;
        let mut batch = Batch::new();
        batch.put_raw(Table::Meta, &Key::text(name), &bytes);
        self.meta.lock().insert(name.to_owned(), bytes);
        self.journal.write(&batch)
    }

    /// A new phone. Without a number it gets a free one of the unassigned range.
    pub(crate) fn create_phone(
        &self,
        name: &str,
        wanted: Option<u64>,
    ) -> Result<Arc<Account>, SimulatorError> {
        check_length("name", name, limits::NAME)?;
        let mut rng = rand::rng();
        let signal = PhoneSignal::generate(&mut rng);
        let raw_id = rand::Rng::next_u32(&mut rng);
        let app_state_key = AppStateKey::generate(raw_id, now_millis(), &mut rng);
        loop {
            let number = wanted.unwrap_or_else(number::random_number);
            let lid = number::random_lid();
            if self.directory.contains(number, lid) {
                if wanted.is_some() && self.directory.by_number(number).is_some() {
                    return Err(SimulatorError::PhoneExists);
                }
                continue;
            }
            let record = AccountRecord {
                number,
                lid,
                name: name.to_owned(),
                created_at: now_seconds(),
                raw_id,
                last_key_index: 0,
                last_device: 0,
                app_state_key: app_state_key.clone(),
                about: "Hey there! I am using WhatsApp.".to_owned(),
            };
            let mut batch = Batch::new();
            batch.put(Table::Account, &Key::account(number), &record);
            batch.put(Table::Signal, &Key::account(number).name("base"), &signal);
            let account = Arc::new(Account::new(record, signal.clone()));
            write_first_settings(&account, &mut batch);
            if !self.directory.insert(Arc::clone(&account)) {
                continue;
            }
            self.journal.write(&batch)?;
            return Ok(account);
        }
    }

    /// Journals what the phone's Signal state changed, with whatever else is in the batch. The caller holds the phone's
    /// lock, through `signal`.
    pub(crate) fn append_with_signal(
        &self,
        mut batch: Batch,
        number: u64,
        signal: &mut PhoneSignal,
    ) -> super::journal::Ticket {
        journal_signal(&mut batch, number, signal);
        self.journal.append(&batch)
    }
}

fn kept<T: Serialize + DeserializeOwned>(
    meta: &mut HashMap<String, Vec<u8>>,
    batch: &mut Batch,
    name: &str,
    make: impl FnOnce() -> T,
) -> Result<T, SimulatorError> {
    let unreadable = |error: postcard::Error| SimulatorError::Keys(format!("`{name}`: {error}"));
    if let Some(bytes) = meta.get(name) {
        return postcard::from_bytes(bytes).map_err(unreadable);
    }
    let value = make();
    let bytes = postcard::to_stdvec(&value).map_err(unreadable)?;
    batch.put_raw(Table::Meta, &Key::text(name), &bytes);
    meta.insert(name.to_owned(), bytes);
    Ok(value)
}

/// The settings a companion waits for at its first login.
fn write_first_settings(account: &Account, batch: &mut Batch) {
    let key = account.app_state_key();
    let settings = [Setting::PushName(account.name()), Setting::Locale("en_US".to_owned())];
    let mut collections = account.collections.lock();
    let name = "critical_block";
    let collection = collections.entry(name.to_owned()).or_default();
    collection.write(name, &key, &settings, now_millis(), &mut rand::rng());
    batch.put(Table::Collection, &Key::account(account.number).name(name), collection);
}

/// Unix seconds.
pub(crate) fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Unix milliseconds.
pub(crate) fn now_millis() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}
