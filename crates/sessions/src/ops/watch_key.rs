//! Tells when a key ends, for what it keeps open.

use crate::Gateway;
use enlace_domain::clock::Clock;
use enlace_domain::key::ApiKey;
use enlace_domain::port::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Why what a key keeps open must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnd {
    /// It was revoked.
    Revoked,
    /// Its life is over.
    Expired,
    /// Its scopes, sessions or end were changed.
    Changed,
}

impl KeyEnd {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Revoked => "key-revoked",
            Self::Expired => "key-expired",
            Self::Changed => "key-changed",
        }
    }
}

/// Watches one key.
pub struct KeyWatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    changes: watch::Receiver<u64>,
    /// The count of changes at which the key was looked at last; none before the first look, because it may have
    /// changed since it was authenticated.
    looked_at: Option<u64>,
    key: Arc<ApiKey>,
}

impl Gateway {
    /// Watches a key that was authenticated.
    pub fn watch_key(&self, key: &Arc<ApiKey>) -> KeyWatch {
        KeyWatch {
            store: Arc::clone(&self.parts.store),
            clock: Arc::clone(&self.parts.clock),
            changes: self.keys.changes(),
            looked_at: None,
            key: Arc::clone(key),
        }
    }
}

impl KeyWatch {
    /// Why the key has ended, if it has. Reads it anew only when keys were changed since the last time.
    pub async fn end(&mut self) -> Option<KeyEnd> {
        if self.key.is_over(self.clock.now()) {
            return Some(KeyEnd::Expired);
        }
        let count = *self.changes.borrow();
        if self.looked_at == Some(count) {
            return None;
        }
        match self.store.key(&self.key.id).await {
            Ok(None) => return Some(KeyEnd::Revoked),
            Ok(Some(key)) if self.differs(&key) => return Some(KeyEnd::Changed),
            Ok(Some(_)) => self.looked_at = Some(count),
            Err(error) => {
                // Better a stream too few than one too many.
                tracing::warn!(key = %self.key.id, %error, "a key could not be looked at; its stream ends");
                return Some(KeyEnd::Changed);
            }
        }
        None
    }

    /// Returns when [`Self::end`] may have another answer. Dropping the future loses nothing.
    pub async fn turn(&mut self) {
        let left = self.key.expires_at.map(|end| (end - self.clock.now()).to_std().unwrap_or_default());
        let looked_at = self.looked_at;
        let gone = tokio::select! {
            changed = self.changes.wait_for(|count| Some(*count) != looked_at) => changed.is_err(),
            () = sleep(left) => false,
        };
        if gone {
            // The gateway is gone, and whoever waits goes with it.
            std::future::pending::<()>().await;
        }
    }

    fn differs(&self, key: &ApiKey) -> bool {
        let rights = |key: &ApiKey| (key.scopes.clone(), key.sessions.clone(), key.expires_at);
        rights(key) != rights(&self.key)
    }
}

/// Longest sleep at once: a clock that is set shall be noticed, and timers are not made for years.
const SLEEP_MAX: Duration = Duration::from_mins(1);
/// The clock is cut to milliseconds, so the end is reached at most this much later.
const CUT: Duration = Duration::from_millis(1);

async fn sleep(left: Option<Duration>) {
    match left {
        Some(left) => tokio::time::sleep(left.saturating_add(CUT).min(SLEEP_MAX)).await,
        None => std::future::pending().await,
    }
}
