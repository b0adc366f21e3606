//! What the gateway keeps in memory about keys: news of their changes, living tickets, and who saw which secret.

use crate::tickets::Tickets;
use enlace_domain::id::{KeyId, SessionId};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// See the module.
pub(crate) struct Keys {
    /// Counts changes and revocations, so that what a key keeps open can look again.
    changes: watch::Sender<u64>,
    pub(crate) tickets: Tickets,
    seen: Mutex<HashMap<(SessionId, Secret), Seen>>,
}

/// A secret that is noted when a key sees it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Secret {
    Qr,
    Code,
}

/// Which keys saw the secret of this number.
struct Seen {
    number: u64,
    by: HashSet<Option<KeyId>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { changes: watch::Sender::new(0), tickets: Tickets::default(), seen: Mutex::default() }
    }
}

impl Keys {
    /// Tells everything that a key keeps open to look again.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// News of changes.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether this key sees this secret for the first time. `number` counts the secrets of a session.
    pub(crate) fn sees_first(
        &self,
        key: Option<&KeyId>,
        session: &SessionId,
        secret: Secret,
        number: u64,
    ) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Seen { number, by: HashSet::new() };
        let known = seen.entry((session.clone(), secret)).or_insert_with(fresh);
        if known.number != number {
            *known = fresh();
        }
        known.by.insert(key.cloned())
    }

    /// Forgets a deleted session.
    pub(crate) fn forget(&self, session: &SessionId) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(of, _), _| of != session);
    }
}
