//! What a device has not confirmed yet, and its one-time keys. Owns order and redelivery; sends nothing.

use std::collections::{BTreeMap, HashSet, VecDeque};

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
    /// Of all stanzas in `items`.
    bytes: usize,
}

impl Queue {
    pub(crate) fn push(&mut self, seq: u64, item: Queued) {
        self.bytes += item.stanza.len();
        self.items.insert(seq, item);
        self.unsent.push_back(seq);
    }

    /// Removes and returns the oldest beyond these bounds; the newest always stays.
    pub(crate) fn trim(&mut self, stanzas: usize, bytes: usize) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.items.len() > 1 && (self.items.len() > stanzas || self.bytes > bytes) {
            let Some((seq, item)) = self.items.pop_first() else { break };
            self.bytes -= item.stanza.len();
            gone.push(seq);
        }
        while self.unsent.front().is_some_and(|seq| !self.items.contains_key(seq)) {
            self.unsent.pop_front();
        }
        gone
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
        let Some(item) = self.items.remove(&seq) else { return false };
        self.bytes -= item.stanza.len();
        true
    }

    /// Confirms one stanza: the oldest of this class with this id that fits and was sent on this connection. A client
    /// confirms each stanza it got: the receipts of one message share its id, and a message that is sent again does too,
    /// so the next one waits for its own confirmation.
    pub(crate) fn confirm(&mut self, class: Class, id: &str, fits: impl Fn(&Queued) -> bool) -> Option<u64> {
        let named = |item: &Queued| item.class == class && item.id == id && fits(item);
        let (&seq, _) = self.items.iter().find(|(seq, item)| named(item) && !self.unsent.contains(seq))?;
        self.remove(seq);
        Some(seq)
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

/// Spent keys that are remembered at least, to know them again when a client offers them once more.
const SPENT_KEPT: usize = 4096;

/// One-time keys in the order they came, each given out once.
#[derive(Default)]
pub(crate) struct OneTimeKeys {
    /// The wholly spent ones are in front.
    uploads: VecDeque<Upload>,
    next_upload: u64,
}

struct Upload {
    index: u64,
    keys: Vec<PublicPreKey>,
    spent: usize,
}

impl Upload {
    fn is_spent(&self) -> bool {
        self.spent == self.keys.len()
    }
}

/// What changed when a key was given out.
pub(crate) struct Spent {
    /// The upload the key was of. All earlier ones are spent.
    pub(crate) upload: u64,
    /// So many keys of it are spent.
    pub(crate) count: u64,
    /// Uploads that need not be remembered any longer.
    pub(crate) forgotten: Vec<u64>,
}

impl OneTimeKeys {
    /// Adds keys, without those whose ids were offered before: a client that lost the answer offers the same ones again,
    /// and some of them may be spent. Gives the upload and what it holds, unless nothing is new.
    pub(crate) fn add(&mut self, keys: Vec<PublicPreKey>) -> Option<(u64, Vec<PublicPreKey>)> {
        let mut known: HashSet<u32> =
            self.uploads.iter().flat_map(|upload| &upload.keys).map(|key| key.id).collect();
        let fresh: Vec<PublicPreKey> = keys.into_iter().filter(|key| known.insert(key.id)).collect();
        if fresh.is_empty() {
            return None;
        }
        let index = self.next_upload;
        self.restore(index, fresh.clone());
        Some((index, fresh))
    }

    pub(crate) fn restore(&mut self, index: u64, keys: Vec<PublicPreKey>) {
        let place = self.uploads.partition_point(|upload| upload.index < index);
        self.uploads.insert(place, Upload { index, keys, spent: 0 });
        self.next_upload = self.next_upload.max(index + 1);
    }

    /// `count` keys of this upload, and all keys of the earlier ones, are spent.
    pub(crate) fn restore_spent(&mut self, index: u64, count: u64) {
        for upload in self.uploads.iter_mut().filter(|upload| upload.index <= index) {
            let count = if upload.index < index { u64::MAX } else { count };
            upload.spent = usize::try_from(count).unwrap_or(usize::MAX).min(upload.keys.len());
        }
        self.next_upload = self.next_upload.max(index + 1);
    }

    pub(crate) fn take(&mut self) -> Option<(PublicPreKey, Spent)> {
        let upload = self.uploads.iter_mut().find(|upload| !upload.is_spent())?;
        let key = *upload.keys.get(upload.spent)?;
        upload.spent += 1;
        let (index, count) = (upload.index, upload.spent as u64);
        Some((key, Spent { upload: index, count, forgotten: self.forget_old() }))
    }

    fn forget_old(&mut self) -> Vec<u64> {
        let mut kept: usize =
            self.uploads.iter().filter(|upload| upload.is_spent()).map(|upload| upload.keys.len()).sum();
        let mut forgotten = Vec::new();
        while let Some(oldest) = self.uploads.front().filter(|upload| upload.is_spent()) {
            if kept - oldest.keys.len() < SPENT_KEPT {
                break;
            }
            kept -= oldest.keys.len();
            forgotten.push(oldest.index);
            self.uploads.pop_front();
        }
        forgotten
    }

    pub(crate) fn len(&self) -> usize {
        self.uploads.iter().map(|upload| upload.keys.len() - upload.spent).sum()
    }

    /// The keys that are left, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PublicPreKey> {
        self.uploads.iter().flat_map(|upload| &upload.keys[upload.spent..])
    }

    /// Every upload that is remembered.
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
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), Some(1));
        queue.restart();
        assert_eq!(queue.next().map(|(seq, _)| seq), Some(2));
        assert!(queue.next().is_none());
    }

    #[test]
    fn a_confirmation_takes_the_oldest_that_was_sent_and_no_other() {
        let mut queue = Queue::default();
        queue.push(1, item("A"));
        queue.push(2, item("A"));
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), None, "nothing was sent");
        queue.next();
        assert_eq!(queue.confirm(Class::Message, "A", |_| false), None);
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), Some(1));
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), None, "the second is still to be sent");
        queue.next();
        assert_eq!(queue.confirm(Class::Message, "A", |_| true), Some(2));
    }

    #[test]
    fn the_oldest_make_room_and_the_newest_stays() {
        let sized = |bytes: usize| Queued { stanza: vec![0; bytes].into(), ..item("A") };
        let mut queue = Queue::default();
        for seq in 1..=5 {
            queue.push(seq, sized(10));
        }
        assert!(queue.trim(5, 50).is_empty());
        assert_eq!(queue.trim(4, 50), [1]);
        assert_eq!(queue.trim(5, 25), [2, 3]);
        assert_eq!(queue.next().map(|(seq, _)| seq), Some(4));
        assert!(queue.confirm(Class::Message, "A", |_| true).is_some());
        queue.push(6, sized(15));
        assert!(queue.trim(5, 25).is_empty(), "what was confirmed does not count");
        queue.push(7, sized(100));
        assert_eq!(queue.trim(5, 25), [5, 6]);
        assert_eq!((queue.len(), queue.next().map(|(seq, _)| seq)), (1, Some(7)));
    }

    fn keys(ids: std::ops::RangeInclusive<u32>) -> Vec<PublicPreKey> {
        ids.map(|id| PublicPreKey { id, public: [7; 32] }).collect()
    }

    fn take(keys: &mut OneTimeKeys) -> Option<u32> {
        keys.take().map(|(key, _)| key.id)
    }

    #[test]
    fn a_one_time_key_is_given_out_once() {
        let mut held = OneTimeKeys::default();
        held.add(keys(1..=2));
        assert_eq!([take(&mut held), take(&mut held), take(&mut held)], [Some(1), Some(2), None]);
        assert_eq!(held.len(), 0);
    }

    #[test]
    fn keys_offered_again_are_ignored_whether_they_are_held_or_spent() {
        let mut held = OneTimeKeys::default();
        held.add(keys(1..=3));
        assert_eq!(take(&mut held), Some(1));
        assert!(held.add(keys(1..=3)).is_none());
        let (upload, fresh) = held.add(keys(3..=4)).unwrap();
        assert_eq!((upload, fresh.len(), held.len()), (1, 1, 3));
        for id in 2..=4 {
            assert_eq!(take(&mut held), Some(id));
        }
        assert!(held.add(keys(1..=4)).is_none());
        assert!(held.take().is_none());
    }

    #[test]
    fn spent_keys_are_known_after_a_restart() {
        let mut held = OneTimeKeys::default();
        held.add(keys(1..=2));
        held.add(keys(3..=4));
        let spent = (0..3).filter_map(|_| held.take()).last().unwrap().1;
        let mut restored = OneTimeKeys::default();
        restored.restore(1, keys(3..=4));
        restored.restore(0, keys(1..=2));
        restored.restore_spent(spent.upload, spent.count);
        assert!(restored.add(keys(1..=4)).is_none());
        assert_eq!([take(&mut restored), take(&mut restored)], [Some(4), None]);
    }

    #[test]
    fn old_spent_keys_are_forgotten_in_the_end() {
        let mut held = OneTimeKeys::default();
        let mut forgotten = Vec::new();
        for upload in 0..6 {
            held.add(keys(upload * 1000 + 1..=upload * 1000 + 1000));
            while let Some((_, spent)) = held.take() {
                forgotten.extend(spent.forgotten);
            }
        }
        assert_eq!(forgotten, [0]);
        assert_eq!(held.uploads().count(), 5);
    }
}
