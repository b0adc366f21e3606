//! The ordered, bounded queue between the library's synchronous event path and the inbox.

use enlace_domain::port::ConnectionEvent;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;
use wacore::types::events::InboundMessage;

/// Beyond this many waiting items, superseded ones are dropped.
const CAPACITY: usize = 64;
/// Beyond this many waiting batches of messages the session does not keep up. They are acknowledged already, so none is
/// dropped; the connection has to end before more come.
const MESSAGES_MAX: usize = 4_096;

/// Something to tell the inbox.
pub(crate) enum Item {
    /// A happening.
    Event(ConnectionEvent),
    /// Messages that the library does not hand to the durability hook (channels, resent by the phone).
    Messages(Arc<[InboundMessage]>),
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    connected: bool,
    closed: bool,
}

impl State {
    fn add(&mut self, item: Item) {
        if self.closed {
            return;
        }
        if self.items.len() >= CAPACITY {
            // A newer QR or name makes an older one the least useful thing here; steps of a link or a login are few and
            // never dropped.
            let dropped = self.items.iter().position(|item| match item {
                Item::Event(event) => {
                    matches!(event, ConnectionEvent::Qr { .. } | ConnectionEvent::PushName(_))
                }
                Item::Messages(_) => false,
            });
            if let Some(position) = dropped {
                self.items.remove(position);
                tracing::warn!("the session does not keep up; a superseded happening was dropped");
            }
        }
        self.items.push_back(item);
    }
}

/// Never blocks a pusher. The order of pushes is the order of pops.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Notify,
}

impl Queue {
    /// The first stanza arrived: tells `Connected`, once, before anything else.
    pub(crate) fn connected(&self) {
        let mut state = self.state.lock();
        if !state.connected && !state.closed {
            state.connected = true;
            state.items.push_back(Item::Event(ConnectionEvent::Connected));
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Adds an item. After [`Queue::close`] it is dropped.
    pub(crate) fn push(&self, item: Item) {
        self.state.lock().add(item);
        self.filled.notify_one();
    }

    /// Whether more messages wait than may.
    pub(crate) fn overflows(&self) -> bool {
        self.state.lock().items.len() > MESSAGES_MAX
    }

    /// Adds the last item and takes no more: under one lock, so that nothing gets in behind it.
    pub(crate) fn close(&self, last: ConnectionEvent) {
        let mut state = self.state.lock();
        state.add(Item::Event(last));
        state.closed = true;
        drop(state);
        self.filled.notify_one();
    }

    /// The next item, or `None` after the last one.
    pub(crate) async fn pop(&self) -> Option<Item> {
        loop {
            {
                let mut state = self.state.lock();
                if let Some(item) = state.items.pop_front() {
                    return Some(item);
                }
                if state.closed {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::port::EndReason;
    use std::time::Duration;

    fn qr(n: usize) -> Item {
        Item::Event(ConnectionEvent::Qr { payload: format!("{n}").into(), valid_for: Duration::ZERO })
    }

    fn name(item: &Item) -> &'static str {
        match item {
            Item::Event(ConnectionEvent::Connected) => "connected",
            Item::Event(ConnectionEvent::Qr { .. }) => "qr",
            Item::Event(ConnectionEvent::Ended(_)) => "ended",
            Item::Event(_) => "other",
            Item::Messages(_) => "messages",
        }
    }

    #[tokio::test]
    async fn connected_comes_first_and_once_and_ended_last() {
        let queue = Queue::default();
        queue.connected();
        queue.push(qr(1));
        queue.connected();
        queue.close(ConnectionEvent::Ended(EndReason::Closed));
        queue.push(qr(2));
        let mut seen = Vec::new();
        while let Some(item) = queue.pop().await {
            seen.push(name(&item));
        }
        assert_eq!(seen, ["connected", "qr", "ended"]);
    }

    #[tokio::test]
    async fn no_message_is_dropped_and_a_flood_of_them_shows() {
        let queue = Queue::default();
        for _ in 0..MESSAGES_MAX {
            queue.push(Item::Messages(Arc::new([])));
        }
        assert!(!queue.overflows());
        queue.push(Item::Messages(Arc::new([])));
        assert!(queue.overflows());
        queue.close(ConnectionEvent::Ended(EndReason::Closed));
        let mut messages = 0;
        while let Some(item) = queue.pop().await {
            messages += usize::from(name(&item) == "messages");
        }
        assert_eq!(messages, MESSAGES_MAX + 1);
    }

    #[tokio::test]
    async fn a_flood_of_qrs_stays_bounded_and_loses_no_step() {
        let queue = Queue::default();
        queue.push(Item::Event(ConnectionEvent::LoggedIn));
        for n in 0..1_000 {
            queue.push(qr(n));
        }
        queue.close(ConnectionEvent::Ended(EndReason::Closed));
        let mut seen = Vec::new();
        while let Some(item) = queue.pop().await {
            seen.push(name(&item));
        }
        assert!(seen.len() <= CAPACITY, "{}", seen.len());
        assert_eq!(seen.first(), Some(&"other"));
        assert_eq!(seen.last(), Some(&"ended"));
    }
}
