//! Opens a reader on the event log.

use crate::{EventReader, Gateway, GatewayError};
use enlace_domain::event::EventFilter;
use std::sync::Arc;

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// With what is committed from now on.
    Now,
    /// After this sequence number; 0 is the oldest kept.
    After(u64),
}

impl Gateway {
    /// A reader from a cursor on. Errors: `cursor-unknown` (newer than the log), `cursor-expired` (older than kept).
    pub async fn read_events(
        &self,
        filter: EventFilter,
        cursor: Cursor,
    ) -> Result<EventReader, GatewayError> {
        let bounds = self.parts.store.log_bounds().await?;
        let after = match cursor {
            Cursor::Now => *self.parts.hub.newest().borrow(),
            Cursor::After(0) => bounds.oldest.saturating_sub(1),
            Cursor::After(seq) if seq > bounds.newest => return Err(GatewayError::CursorUnknown(bounds)),
            Cursor::After(seq) if seq + 1 < bounds.oldest => return Err(GatewayError::CursorExpired(bounds)),
            Cursor::After(seq) => seq,
        };
        Ok(EventReader::new(Arc::clone(&self.parts.store), Arc::clone(&self.parts.hub), filter, after))
    }
}
