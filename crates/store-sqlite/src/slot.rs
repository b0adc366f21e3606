//! What memory holds of a session: its number in the file, whether it lives, and the generation of its keys.

use enlace_domain::id::SessionId;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// One session id that was ever used in this file. Only the writer changes it, after a commit.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its number in every table.
    pub(crate) number: i64,
    live: AtomicBool,
    generation: AtomicU64,
}

impl Slot {
    pub(crate) fn new(number: i64, live: bool) -> Self {
        Self { number, live: AtomicBool::new(live), generation: AtomicU64::new(0) }
    }

    /// Whether a session of this id exists now.
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    pub(crate) fn set_live(&self, live: bool) {
        self.live.store(live, Ordering::Release);
    }

    /// Counts how often the keys were wiped, so that a client of before can't write its keys back.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

/// All slots of the file.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    by_id: RwLock<HashMap<SessionId, Arc<Slot>>>,
}

impl Slots {
    pub(crate) fn get(&self, id: &SessionId) -> Option<Arc<Slot>> {
        self.by_id.read().get(id).cloned()
    }

    pub(crate) fn insert(&self, id: SessionId, slot: Arc<Slot>) {
        self.by_id.write().insert(id, slot);
    }

    /// The numbers of those ids that are known.
    pub(crate) fn numbers<'a>(&self, ids: impl IntoIterator<Item = &'a SessionId>) -> Vec<i64> {
        let by_id = self.by_id.read();
        ids.into_iter().filter_map(|id| by_id.get(id)).map(|slot| slot.number).collect()
    }
}
