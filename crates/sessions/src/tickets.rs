//! Tickets for event streams, in memory: a restart ends them, as it ends the streams.

use crate::secret_text::hash_key;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::EventType;
use enlace_domain::id::{KeyId, SessionId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many tickets may live at a time.
const LIVING_MAX: usize = 10_000;
/// How many of them may be of one key, so that none takes those of all others.
const OF_A_KEY_MAX: usize = 200;

/// What a ticket opens.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// The key it was made with, and with which it dies.
    pub(crate) key: KeyId,
    /// Only this session.
    pub(crate) session: Option<SessionId>,
    /// Only these types.
    pub(crate) kinds: Option<Vec<EventType>>,
    /// Whether QRs and codes are in their events.
    pub(crate) secrets: bool,
    /// When it opens no more streams.
    pub(crate) expires_at: Timestamp,
}

/// All living tickets, by the hash of their text.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<HashMap<[u8; 32], Ticket>>);

impl Tickets {
    /// Keeps a ticket; false when too many live, of its key or in all.
    pub(crate) fn keep(&self, text: &str, ticket: Ticket, now: Timestamp) -> bool {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |tickets: &HashMap<[u8; 32], Ticket>| {
            let of_its_key = tickets.values().filter(|other| other.key == ticket.key).count();
            tickets.len() >= LIVING_MAX || of_its_key >= OF_A_KEY_MAX
        };
        if full(&tickets) {
            tickets.retain(|_, ticket| ticket.expires_at > now);
        }
        if full(&tickets) {
            return false;
        }
        tickets.insert(hash_key(text), ticket);
        true
    }

    /// Ends the tickets of a key that was revoked.
    pub(crate) fn forget(&self, key: &KeyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, ticket| ticket.key != *key);
    }

    /// The ticket with this text, also one whose time is over but that was not swept yet.
    pub(crate) fn find(&self, text: &str) -> Option<Ticket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash_key(text)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn ticket(key: &str, expires_at: Timestamp) -> Ticket {
        Ticket { key: KeyId::from_text(key), session: None, kinds: None, secrets: false, expires_at }
    }

    /// Fails when one key can take the tickets of all others.
    #[test]
    fn a_key_has_only_so_many_tickets_and_leaves_room_for_others() {
        let (tickets, now) = (Tickets::default(), Timestamp::default());
        let later = now + TimeDelta::seconds(60);
        for number in 0..OF_A_KEY_MAX {
            assert!(tickets.keep(&format!("tkt_{number}"), ticket("key_one", later), now));
        }
        assert!(!tickets.keep("tkt_more", ticket("key_one", later), now));
        assert!(tickets.keep("tkt_other", ticket("key_other", later), now));
        let over = later + TimeDelta::seconds(1);
        assert!(
            tickets.keep("tkt_more", ticket("key_one", over + TimeDelta::seconds(1)), over),
            "the old ended"
        );
    }

    /// Fails when the tickets of a revoked key go on counting, or those of another one go with them.
    #[test]
    fn the_tickets_of_a_revoked_key_are_gone() {
        let (tickets, now) = (Tickets::default(), Timestamp::default());
        let later = now + TimeDelta::seconds(60);
        assert!(tickets.keep("tkt_one", ticket("key_one", later), now));
        assert!(tickets.keep("tkt_other", ticket("key_other", later), now));
        tickets.forget(&KeyId::from_text("key_one"));
        assert!(tickets.find("tkt_one").is_none());
        assert!(tickets.find("tkt_other").is_some());
    }
}
