//! Where committed events become visible: the newest sequence number, and a ring of the latest events so that
//! readers who keep up never touch the disk.

use enlace_domain::event::Event;
use enlace_domain::port::sink::EventSink;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// How many of the latest events are kept in memory.
const RING: usize = 4_096;

/// Hears from the store and wakes the readers.
pub struct EventHub {
    kept: usize,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
}

struct Ring {
    /// The sequence number before the first event in `events`.
    before: u64,
    events: VecDeque<Arc<Event>>,
}

impl Default for EventHub {
    fn default() -> Self {
        Self::new()
    }
}

impl EventHub {
    /// An empty hub. [`crate::Gateway::start`] tells it where the log ends.
    pub fn new() -> Self {
        Self::with_ring(RING)
    }

    /// The same, keeping so many of the latest events in memory.
    pub fn with_ring(kept: usize) -> Self {
        Self {
            kept,
            ring: Mutex::new(Ring { before: 0, events: VecDeque::new() }),
            newest: watch::Sender::new(0),
        }
    }

    pub(crate) fn begin_at(&self, newest: u64) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.events.is_empty() {
            ring.before = newest;
            self.newest.send_replace(newest);
        }
    }

    /// The newest sequence number, and news of it.
    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// The events after `cursor` when all of them are in memory, at most `limit`; `None` sends the reader to the log.
    pub(crate) fn after(&self, cursor: u64, limit: usize) -> Option<Vec<Arc<Event>>> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if cursor < ring.before {
            return None;
        }
        let from = ring.events.partition_point(|event| event.seq <= cursor);
        Some(ring.events.iter().skip(from).take(limit).cloned().collect())
    }
}

impl EventSink for EventHub {
    fn committed(&self, events: &[Arc<Event>]) {
        let Some(last) = events.last() else { return };
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.events.extend(events.iter().cloned());
            while ring.events.len() > self.kept {
                if let Some(dropped) = ring.events.pop_front() {
                    ring.before = dropped.seq;
                }
            }
        }
        self.newest.send_replace(last.seq);
    }
}
