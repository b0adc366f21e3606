//! A reader of the event log: first what is stored after its cursor, then what is committed, nothing skipped.

use crate::error::GatewayError;
use crate::hub::EventHub;
use enlace_domain::event::{Event, EventFilter};
use enlace_domain::port::store::Store;
use std::sync::Arc;
use tokio::sync::watch;

/// How many events one step reads.
const BATCH: usize = 256;

/// Reads the log from a cursor on, forever.
pub struct EventReader {
    store: Arc<dyn Store>,
    hub: Arc<EventHub>,
    newest: watch::Receiver<u64>,
    filter: EventFilter,
    cursor: u64,
}

impl EventReader {
    pub(crate) fn new(store: Arc<dyn Store>, hub: Arc<EventHub>, filter: EventFilter, cursor: u64) -> Self {
        let newest = hub.newest();
        Self { store, hub, newest, filter, cursor }
    }

    /// The next events that pass the filter, at least one; waits until there are some. Dropping the future loses
    /// nothing.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, GatewayError> {
        loop {
            let newest = *self.newest.borrow_and_update();
            if self.cursor < newest {
                let (events, read_to) = self.read(newest).await?;
                self.cursor = read_to;
                if !events.is_empty() {
                    return Ok(events);
                }
            } else if self.newest.changed().await.is_err() {
                return Err(GatewayError::Stopping);
            }
        }
    }

    async fn read(&self, newest: u64) -> Result<(Vec<Arc<Event>>, u64), GatewayError> {
        if let Some(events) = self.hub.after(self.cursor, BATCH) {
            let read_to = events.last().map_or(newest, |event| event.seq);
            let passing = events.into_iter().filter(|event| self.filter.matches(event)).collect();
            return Ok((passing, read_to));
        }
        let events = self.store.events_after(self.cursor, &self.filter, BATCH).await?;
        let read_to = match events.last() {
            Some(last) if events.len() == BATCH => last.seq,
            _ => newest.max(events.last().map_or(0, |event| event.seq)),
        };
        Ok((events, read_to))
    }
}
