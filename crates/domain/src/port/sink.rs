//! The port by which the store tells, in commit order, what it has committed.

use crate::event::Event;
use std::sync::Arc;

/// Hears of committed events. An event is published only after it is stored, so this is the only way to publish.
pub trait EventSink: Send + Sync {
    /// Called after the commit, from the store's one writer, so batches arrive in `seq` order. Must not block.
    fn committed(&self, events: &[Arc<Event>]);
}
