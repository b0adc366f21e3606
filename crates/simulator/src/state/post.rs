//! Putting stanzas into the queues of devices: first the journal, then the queue, then the wire.

use std::sync::Arc;

use bytes::Bytes;
use wacore_binary::Node;

use super::account::{Account, PHONE};
use super::batch::{Batch, Key, Table};
use super::network::Network;
use super::queue::{Queue, Queued};
use super::records::{Class, QueueRecord};
use crate::server::connection::Connection;
use crate::wire::frame::MAX_STANZA;
use crate::wire::node::NodeExt;
use crate::wire::stanza::{decode_stanza, encode_stanza};

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
        if stanza.len() > MAX_STANZA {
            tracing::warn!(bytes = stanza.len(), tag = %node.tag, "a stanza is larger than a frame and is dropped");
            return None;
        }
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
                self.make_room(&account, device, &mut companion.queue);
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

    /// Drops what a companion never fetched, the oldest first, as real servers do after a time.
    fn make_room(&self, account: &Account, device: u16, queue: &mut Queue) {
        let gone = queue.trim(self.config.queue_stanzas, self.config.queue_bytes);
        if gone.is_empty() {
            return;
        }
        tracing::debug!(device, stanzas = gone.len(), "a full queue lost its oldest stanzas");
        let mut batch = Batch::new();
        for seq in gone {
            batch.delete(Table::Queue, &Key::account(account.number).device(device).seq(seq));
        }
        // Losing this with the process only means that they are dropped again.
        let _later = self.journal.append(&batch);
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

    /// The next stanza for a companion on this connection, as it is sent now; `offline` marks one that waited for this
    /// login. What cannot be sent leaves the queue: it would end every connection again. `None` also when the companion
    /// has another connection by now.
    pub(crate) fn next_stanza(
        &self,
        connection: &Arc<Connection>,
        account: &Account,
        device: u16,
        offline: bool,
    ) -> Option<Bytes> {
        loop {
            let mut facts = account.facts.lock();
            let companion = facts.devices.get_mut(&device)?;
            if !companion.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
                return None;
            }
            let (seq, item) = companion.queue.next()?;
            if let Some(stanza) = queued_stanza(&item, offline) {
                return Some(stanza);
            }
            tracing::warn!(bytes = item.stanza.len(), "a queued stanza cannot be sent and is dropped");
            companion.queue.remove(seq);
            let mut batch = Batch::new();
            batch.delete(Table::Queue, &Key::account(account.number).device(device).seq(seq));
            // Losing this with the process only means that it is dropped again.
            let _later = self.journal.append(&batch);
        }
    }
}

/// `None` for what is unreadable, or larger than a frame.
fn queued_stanza(item: &Queued, offline: bool) -> Option<Bytes> {
    if item.stanza.len() > MAX_STANZA {
        return None;
    }
    if !offline {
        return Some(item.stanza.clone());
    }
    let mut node = decode_stanza(item.stanza[..].into()).ok()?;
    node.attrs.push("offline", "0");
    encode_stanza(&node).ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SimulatorConfig;
    use crate::state::account::Device;
    use crate::state::records::DeviceRecord;
    use crate::wire::build::element;

    fn device() -> Device {
        Device::new(DeviceRecord {
            noise_public: [0; 32],
            identity: [0; 32],
            registration_id: 0,
            signed_prekey: None,
            key_index: 1,
            device_identity: Vec::new(),
            name: String::new(),
            linked_at: 0,
            confirmed: true,
            welcomed: true,
            inline_history: true,
        })
    }

    fn message(id: &str, bytes: usize) -> Node {
        element("message").attr("id", id).attr("from", "1@s.whatsapp.net").bytes(vec![7; bytes]).build()
    }

    #[test]
    fn a_stanza_larger_than_a_frame_is_not_queued() {
        let network = Network::open(None, SimulatorConfig::default()).unwrap();
        let account = network.create_phone("Ana", None).unwrap();
        let mut batch = Batch::new();
        assert!(network.deliver(&mut batch, &account, 1, &message("A", MAX_STANZA)).is_none());
        assert!(batch.is_empty());
        assert!(network.deliver(&mut batch, &account, 1, &message("A", MAX_STANZA - 100)).is_some());
    }

    #[test]
    fn what_cannot_be_sent_leaves_the_queue_and_the_next_one_goes_out() {
        let network = Network::open(None, SimulatorConfig::default()).unwrap();
        let account = network.create_phone("Ana", None).unwrap();
        let (connection, _commands) = network.connections.open("pipe", None);
        let mut companion = device();
        companion.connection = Some(Arc::clone(&connection));
        let queued = |stanza: Vec<u8>| Queued {
            class: Class::Message,
            id: "A".to_owned(),
            from: "1@s.whatsapp.net".to_owned(),
            stanza: stanza.into(),
        };
        let good = encode_stanza(&message("B", 5)).unwrap();
        companion.queue.push(1, queued(vec![0; MAX_STANZA + 1]));
        companion.queue.push(2, queued(b"\0no stanza".to_vec()));
        companion.queue.push(3, queued(good));
        account.facts.lock().devices.insert(1, companion);
        let sent = network.next_stanza(&connection, &account, 1, true).unwrap();
        assert_eq!(decode_stanza(sent[..].into()).unwrap().attr("id").as_deref(), Some("B"));
        assert_eq!(account.facts.lock().devices[&1].queue.len(), 1, "the others are gone for good");
        assert!(network.next_stanza(&connection, &account, 1, true).is_none());
    }
}
