//! What a device has not confirmed yet, and its one-time keys. Owns order and redelivery; sends nothing.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::records::{Class, QueueRecord};
use crate::crypto::signal::PublicPreKey;

/// A stanza that waits for its confirmation.
#[derive(Clone)]
pub(crate) struct Queued {
    pub(crate) class: Class,
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) stanza: Bytes,
}

impl From<QueueRecord> for Queued {
    fn from(record: QueueRecord) -> Self {
        Self { class: record.class, id: record.id, from: record.from, stanza: record.stanza.into() }
    }
}

/// A device's queue: everything unconfirmed, and what of it the present connection has not been sent.
#[derive(Default)]
pub(crate) struct Queue {
    items: BTreeMap<u64, Queued>,
    unsent: VecDeque<u64>,
}

impl Queue {
    pub(crate) fn push(&mut self, seq: u64, item: Queued) {
        self.items.insert(seq, item);
        self.unsent.push_back(seq);
    }

    /// The oldest stanza not sent on this connection.
    pub(crate) fn next(&mut self) -> Option<(u64, Queued)> {
        loop {
            let seq = self.unsent.pop_front()?;
            if let Some(item) = self.items.get(&seq) {
                return Some((seq, item.clone()));
            }
        }
    }

    /// A new connection: everything unconfirmed is sent again.
    pub(crate) fn restart(&mut self) {
        self.unsent = self.items.keys().copied().collect();
    }

    /// How many stanzas of each class wait.
    pub(crate) fn counts(&self) -> (usize, [usize; 3]) {
        let of = |class| self.items.values().filter(|item| item.class == class).count();
        (self.items.len(), [of(Class::Message), of(Class::Receipt), of(Class::Notification)])
    }

    pub(crate) fn remove(&mut self, seq: u64) -> bool {
        self.items.remove(&seq).is_some()
    }

    /// Confirms stanzas: those of this class with this id that came from `from` (an address of any device).
    pub(crate) fn confirm(&mut self, class: Class, id: &str, from: impl Fn(&str) -> bool) -> Vec<u64> {
        let found: Vec<u64> = self
            .items
            .iter()
            .filter(|(_, item)| item.class == class && item.id == id && from(&item.from))
            .map(|(&seq, _)| seq)
            .collect();
        for seq in &found {
            self.items.remove(seq);
        }
        found
    }

    pub(crate) fn seqs(&self) -> impl Iterator<Item = u64> + '_ {
        self.items.keys().copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }
}

/// One-time keys in the order they came, each given out once.
#[derive(Default)]
pub(crate) struct OneTimeKeys {
    uploads: VecDeque<Upload>,
    next_upload: u64,
}

struct Upload {
    index: u64,
    keys: Vec<PublicPreKey>,
    spent: usize,
}

/// What changed when a key was given out.
pub(crate) enum Spent {
    /// `count` keys of this upload are spent.
    Some { upload: u64, count: u64 },
    /// The upload is used up.
    All { upload: u64 },
}

impl OneTimeKeys {
    pub(crate) fn add(&mut self, keys: Vec<PublicPreKey>) -> u64 {
        let index = self.next_upload;
        self.restore(index, keys);
        index
    }

    pub(crate) fn restore(&mut self, index: u64, keys: Vec<PublicPreKey>) {
        let place = self.uploads.partition_point(|upload| upload.index < index);
        self.uploads.insert(place, Upload { index, keys, spent: 0 });
        self.next_upload = self.next_upload.max(index + 1);
    }

    pub(crate) fn restore_spent(&mut self, index: u64, count: u64) {
        if let Some(upload) = self.uploads.iter_mut().find(|upload| upload.index == index) {
            upload.spent = usize::try_from(count).unwrap_or(usize::MAX).min(upload.keys.len());
        }
        self.next_upload = self.next_upload.max(index + 1);
    }

    pub(crate) fn take(&mut self) -> Option<(PublicPreKey, Spent)> {
        let upload = self.uploads.front_mut()?;
        let key = *upload.keys.get(upload.spent)?;
        upload.spent += 1;
        let (index, count) = (upload.index, upload.spent as u64);
        if upload.spent == upload.keys.len() {
            self.uploads.pop_front();
            return Some((key, Spent::All { upload: index }));
        }
        Some((key, Spent::Some { upload: index, count }))
    }

    pub(crate) fn len(&self) -> usize {
        self.uploads.iter().map(|upload| upload.keys.len() - upload.spent).sum()
    }

    /// The keys that are left, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PublicPreKey> {
        self.uploads.iter().flat_map(|upload| &upload.keys[upload.spent..])
    }

    pub(crate) fn uploads(&self) -> impl Iterator<Item = u64> + '_ {
        self.uploads.iter().map(|upload| upload.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str) -> Queued {
        Queued {
            class: Class::Message,
            id: id.to_owned(),
            from: "1@s.whatsapp.net".to_owned(),
            stanza: Bytes::new(),
        }
    }

    #[test]
    fn what_was_sent_but_not_confirmed_is_sent_again_to_the_next_connection() {
        let mut queue = Queue::default();
        queue.push(1, item("A"));
        queue.push(2, item("B"));
        assert_eq!(queue.next().map(|(seq, _)| seq), Some(1));
        assert_eq!(queue.next().map(|(seq, _)| seq), Some(2));
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), vec![1]);
        queue.restart();
        assert_eq!(queue.next().map(|(seq, _)| seq), Some(2));
        assert!(queue.next().is_none());
    }

    #[test]
    fn a_one_time_key_is_given_out_once() {
        let mut keys = OneTimeKeys::default();
        keys.add(vec![PublicPreKey { id: 1, public: [1; 32] }, PublicPreKey { id: 2, public: [2; 32] }]);
        assert_eq!(keys.take().map(|(key, _)| key.id), Some(1));
        assert_eq!(keys.take().map(|(key, _)| key.id), Some(2));
        assert!(keys.take().is_none());
        assert_eq!(keys.len(), 0);
    }
}
