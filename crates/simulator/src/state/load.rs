//! Building the network from its rows, in whatever order they lie.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::account::{Account, Device, PHONE};
use super::batch::KeyReader;
use super::network::Network;
use super::queue::Queued;
use super::records::{
    AccountRecord, DeviceRecord, GroupRecord, MediaRecord, MessageRecord, QueueRecord, ReceiptRecord,
};
use crate::crypto::app_state::Collection;
use crate::crypto::signal::{PhoneSignal, PublicPreKey, SignalChange};

const UNREADABLE: &str = "a row cannot be read; restore the folder from a copy, or remove it to begin anew";

/// Rows by kind.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) meta: HashMap<String, Vec<u8>>,
    accounts: Vec<AccountRecord>,
    signals: HashMap<u64, PhoneSignal>,
    changes: Vec<(u64, SignalChange)>,
    devices: Vec<(u64, u16, DeviceRecord)>,
    keys: Vec<(u64, u16, u64, Vec<PublicPreKey>)>,
    spent: Vec<(u64, u16, u64, u64)>,
    queue: Vec<(u64, u16, u64, QueueRecord)>,
    messages: Vec<(u64, u64, MessageRecord)>,
    receipts: Vec<(u64, u64, ReceiptRecord)>,
    collections: Vec<(u64, String, Collection)>,
    groups: Vec<(String, GroupRecord)>,
    media: Vec<(String, MediaRecord)>,
}

fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, &'static str> {
    postcard::from_bytes(value).map_err(|_| UNREADABLE)
}

impl Rows {
    /// Takes one row.
    pub(crate) fn add(&mut self, table: u8, key: &[u8], value: &[u8]) -> Result<(), &'static str> {
        let text = || std::str::from_utf8(key).map(str::to_owned).map_err(|_| UNREADABLE);
        let mut parts = KeyReader(key);
        match table {
            1 => {
                self.meta.insert(text()?, value.to_vec());
            }
            2 => self.accounts.push(decode(value)?),
            3 => self.devices.push((number(&mut parts)?, device(&mut parts)?, decode(value)?)),
            4 => self.keys.push((
                number(&mut parts)?,
                device(&mut parts)?,
                number(&mut parts)?,
                decode(value)?,
            )),
            5 => {
                let (upload, count) = decode(value)?;
                self.spent.push((number(&mut parts)?, device(&mut parts)?, upload, count));
            }
            6 => self.queue.push((
                number(&mut parts)?,
                device(&mut parts)?,
                number(&mut parts)?,
                decode(value)?,
            )),
            7 => self.add_signal(parts, value)?,
            8 => self.messages.push((number(&mut parts)?, number(&mut parts)?, decode(value)?)),
            9 => self.receipts.push((number(&mut parts)?, number(&mut parts)?, decode(value)?)),
            10 => {
                let account = number(&mut parts)?;
                let name = parts.name().ok_or(UNREADABLE)?.to_owned();
                self.collections.push((account, name, decode(value)?));
            }
            12 => self.groups.push((text()?, decode(value)?)),
            13 => self.media.push((text()?, decode(value)?)),
            _ => return Err("a row is of no known kind; a newer program wrote it"),
        }
        Ok(())
    }

    fn add_signal(&mut self, mut parts: KeyReader<'_>, value: &[u8]) -> Result<(), &'static str> {
        let account = number(&mut parts)?;
        if parts.name() == Some("base") {
            self.signals.insert(account, decode(value)?);
        } else {
            self.changes.push((account, decode(value)?));
        }
        Ok(())
    }

    /// Fills a fresh network; gives the highest sequence number seen.
    pub(crate) fn build(mut self, network: &Arc<Network>) -> Result<u64, &'static str> {
        for (account, change) in self.changes {
            self.signals.get_mut(&account).ok_or(UNREADABLE)?.apply(change);
        }
        for record in self.accounts {
            let mut signal = self.signals.remove(&record.number).ok_or(UNREADABLE)?;
            drop(signal.take_changes());
            network.directory.insert(Arc::new(Account::new(record, signal)));
        }
        let find = |number: u64| network.directory.by_number(number).ok_or(UNREADABLE);
        for (number, device, record) in self.devices {
            find(number)?.facts.lock().devices.insert(device, Device::new(record));
        }
        for (number, device, upload, keys) in self.keys {
            if let Some(device) = find(number)?.facts.lock().devices.get_mut(&device) {
                device.keys.restore(upload, keys);
            }
        }
        for (number, device, upload, count) in self.spent {
            if let Some(device) = find(number)?.facts.lock().devices.get_mut(&device) {
                device.keys.restore_spent(upload, count);
            }
        }
        let mut last = 0;
        for (number, name, collection) in self.collections {
            find(number)?.collections.lock().insert(name, collection);
        }
        self.queue.sort_unstable_by_key(|(_, _, seq, _)| *seq);
        for (number, device, seq, record) in self.queue {
            last = last.max(seq);
            let item = Queued::from(record);
            let account = find(number)?;
            let mut facts = account.facts.lock();
            if device == PHONE {
                facts.inbox.push(seq, item);
            } else if let Some(device) = facts.devices.get_mut(&device) {
                device.queue.push(seq, item);
            }
        }
        for (number, seq, record) in self.messages {
            last = last.max(seq);
            find(number)?.phone.lock().messages.push(seq, Arc::new(record));
        }
        self.receipts.sort_unstable_by_key(|(_, seq, _)| *seq);
        for (number, seq, record) in self.receipts {
            last = last.max(seq);
            find(number)?.phone.lock().receipts.push_back((seq, record));
        }
        for (id, record) in self.groups {
            network.groups.insert(id, record);
        }
        network.media.restore(self.media);
        Ok(last)
    }
}

fn number(parts: &mut KeyReader<'_>) -> Result<u64, &'static str> {
    parts.u64().ok_or(UNREADABLE)
}

fn device(parts: &mut KeyReader<'_>) -> Result<u16, &'static str> {
    parts.u16().ok_or(UNREADABLE)
}
