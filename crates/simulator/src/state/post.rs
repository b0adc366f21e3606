//! Putting stanzas into the queues of devices: first the journal, then the queue, then the wire.

use std::sync::Arc;

use bytes::Bytes;
use wacore_binary::Node;

use super::account::{Account, PHONE};
use super::batch::{Batch, Key, Table};
use super::network::Network;
use super::queue::Queued;
use super::records::{Class, QueueRecord};
use crate::wire::node::NodeExt;
use crate::wire::stanza::encode_stanza;

/// A stanza that is in a batch, and goes to its device's queue once the batch is committed.
#[must_use = "a delivery reaches its device only through `Network::hand_over`"]
pub(crate) struct Delivery {
    account: Arc<Account>,
    device: u16,
    seq: u64,
    item: Queued,
}

impl Network {
    /// Puts a stanza for a device into a batch. A stanza that cannot be written is dropped with a warning.
    pub(crate) fn deliver(
        &self,
        batch: &mut Batch,
        account: &Arc<Account>,
        device: u16,
        node: &Node,
    ) -> Option<Delivery> {
        let class = match node.tag.as_ref() {
            "message" => Class::Message,
            "receipt" => Class::Receipt,
            "call" => Class::Call,
            _ => Class::Notification,
        };
        let stanza = match encode_stanza(node) {
            Ok(stanza) => stanza,
            Err(error) => {
                tracing::warn!(%error, tag = %node.tag, "a stanza could not be written and is dropped");
                return None;
            }
        };
        let record = QueueRecord {
            class,
            id: node.attr("id").unwrap_or_default().into_owned(),
            from: node.attr("from").unwrap_or_default().into_owned(),
            stanza,
        };
        let seq = self.next_seq();
        batch.put(Table::Queue, &Key::account(account.number).device(device).seq(seq), &record);
        Some(Delivery { account: Arc::clone(account), device, seq, item: record.into() })
    }

    /// Puts committed stanzas into their queues and wakes whoever reads them.
    pub(crate) fn hand_over(self: &Arc<Self>, deliveries: impl IntoIterator<Item = Delivery>) {
        for Delivery { account, device, seq, item } in deliveries {
            let mut facts = account.facts.lock();
            if device == PHONE {
                facts.inbox.push(seq, item);
                drop(facts);
                self.wake_phone(&account);
            } else if let Some(companion) = facts.devices.get_mut(&device) {
                companion.queue.push(seq, item);
                if let Some(connection) = &companion.connection {
                    connection.wake.notify_one();
                }
            } else {
                let mut batch = Batch::new();
                batch.delete(Table::Queue, &Key::account(account.number).device(device).seq(seq));
                let _forgotten = self.journal.append(&batch);
            }
        }
    }

    /// One stanza to one device, journaled and handed over at once.
    pub(crate) fn post(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
        node: &Node,
    ) -> Result<(), crate::SimulatorError> {
        let mut batch = Batch::new();
        let delivery = self.deliver(&mut batch, account, device, node);
        self.journal.write(&batch)?;
        self.hand_over(delivery);
        Ok(())
    }

    /// A stanza that is sent if the device is connected, and forgotten if not.
    pub(crate) fn send_now(account: &Account, device: u16, node: Node) {
        let connection = account.facts.lock().devices.get(&device).and_then(|d| d.connection.clone());
        if let Some(connection) = connection {
            connection.send(node);
        }
    }

    /// Deletes confirmed stanzas of a device from its queue: for each id, the oldest sent one that fits.
    pub(crate) fn confirm(
        &self,
        account: &Account,
        device: u16,
        class: Class,
        ids: &[&str],
        fits: impl Fn(&Queued) -> bool,
    ) {
        let mut facts = account.facts.lock();
        let Some(companion) = facts.devices.get_mut(&device) else { return };
        let mut batch = Batch::new();
        for id in ids {
            if let Some(seq) = companion.queue.confirm(class, id, &fits) {
                batch.delete(Table::Queue, &Key::account(account.number).device(device).seq(seq));
            }
        }
        if !batch.is_empty() {
            // Losing this with the process only means that the stanza is sent once more, which clients must bear.
            let _later = self.journal.append(&batch);
        }
    }

    /// The stanza of a queue item as it is sent now; `offline` marks one that waited for this login.
    pub(crate) fn queued_stanza(item: &Queued, offline: bool) -> Option<Bytes> {
        if !offline {
            return Some(item.stanza.clone());
        }
        let mut node = crate::wire::stanza::decode_stanza(item.stanza[..].into()).ok()?;
        node.attrs.push("offline", "0");
        encode_stanza(&node).ok().map(Bytes::from)
    }
}
