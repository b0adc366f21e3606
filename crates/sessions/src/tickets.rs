//! Tickets for event streams, in memory: a restart ends them, as it ends the streams.

use crate::secret_text::hash_key;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::EventType;
use enlace_domain::id::{KeyId, SessionId};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many tickets may live at a time.
const LIVING_MAX: usize = 10_000;

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
    /// Keeps a ticket; false when too many live.
    pub(crate) fn keep(&self, text: &str, ticket: Ticket, now: Timestamp) -> bool {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() >= LIVING_MAX {
            tickets.retain(|_, ticket| ticket.expires_at > now);
        }
        if tickets.len() >= LIVING_MAX {
            return false;
        }
        tickets.insert(hash_key(text), ticket);
        true
    }

    /// The ticket with this text, also one whose time is over but that was not swept yet.
    pub(crate) fn find(&self, text: &str) -> Option<Ticket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash_key(text)).cloned()
    }
}
