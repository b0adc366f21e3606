//! Counts those who look at a session's QR over a stream, so that rotation goes on while one of them is there.

use crate::{Gateway, GatewayError};
use enlace_domain::id::SessionId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// While it lives, someone looks at this session's QR.
#[derive(Debug)]
pub struct WatchGuard(Arc<AtomicUsize>);

impl WatchGuard {
    pub(crate) fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gateway {
    /// For an SSE reader of one session that asked for `session.qr`, an open link page, a dialect's QR stream.
    pub fn watch(&self, id: &SessionId) -> Result<WatchGuard, GatewayError> {
        Ok(WatchGuard::new(self.registry.handle(id)?.watchers()))
    }
}
