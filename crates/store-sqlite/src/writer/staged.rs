//! What a transaction in progress will change in memory once it is committed.

use super::steps::Guard;
use crate::slot::Slot;
use enlace_domain::event::Event;
use enlace_domain::id::SessionId;
use std::collections::HashMap;
use std::sync::Arc;

/// Changes of memory that wait for the commit.
#[derive(Debug, Default)]
pub(super) struct Staged {
    /// Slots made in this transaction.
    pub(super) slots: Vec<(SessionId, Arc<Slot>)>,
    /// Sessions that came to life or were deleted, in order.
    pub(super) lives: Vec<(Arc<Slot>, bool)>,
    /// Sessions whose keys were wiped.
    pub(super) wiped: Vec<Arc<Slot>>,
    /// The newest `session_seq` by session number, where touched.
    pub(super) session_seqs: HashMap<i64, u64>,
    /// Events to store, with their session's number.
    pub(super) events: Vec<(i64, Arc<Event>)>,
}

/// How far a transaction had come, to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    slots: usize,
    lives: usize,
    wiped: usize,
    events: usize,
}

impl Staged {
    pub(super) fn mark(&self) -> Mark {
        Mark {
            slots: self.slots.len(),
            lives: self.lives.len(),
            wiped: self.wiped.len(),
            events: self.events.len(),
        }
    }

    /// Forgets everything since the mark.
    pub(super) fn return_to(&mut self, mark: Mark) {
        self.slots.truncate(mark.slots);
        self.lives.truncate(mark.lives);
        self.wiped.truncate(mark.wiped);
        for (number, _) in self.events.drain(mark.events..) {
            if let Some(newest) = self.session_seqs.get_mut(&number) {
                *newest -= 1;
            }
        }
    }

    /// Whether the session lives, as far as this transaction has come.
    pub(super) fn is_live(&self, slot: &Arc<Slot>) -> bool {
        let staged = self.lives.iter().rev().find(|(other, _)| Arc::ptr_eq(other, slot));
        staged.map_or_else(|| slot.is_live(), |(_, live)| *live)
    }

    /// Whether a client that read its keys in the guard's generation may still write them.
    pub(super) fn is_current(&self, guard: &Guard) -> bool {
        let Guard { slot, generation } = guard;
        *generation == slot.generation()
            && self.is_live(slot)
            && !self.wiped.iter().any(|wiped| Arc::ptr_eq(wiped, slot))
    }
}
