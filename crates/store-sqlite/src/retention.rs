//! Forgetting old events. Sequence numbers are never given again, also when every event is gone.

use crate::rows::integer;
use crate::store::SqliteStore;
use crate::writer::Step;
use enlace_domain::port::{Store, StoreError};

/// Events per transaction, so that other writes are not kept waiting.
const CHUNK: u64 = 2000;

const RAISE_FLOORS: &str = "UPDATE session_number SET event_floor = max(event_floor, gone.newest) \
     FROM (SELECT session, max(session_seq) AS newest FROM event WHERE seq < ?1 GROUP BY session) AS gone \
     WHERE number = gone.session";
const NOTE_NEWEST: &str = "INSERT INTO meta (name, value) \
     VALUES ('newest_event', coalesce((SELECT max(seq) FROM event WHERE seq < ?1), 0)) \
     ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)";
const DELETE: &str = "DELETE FROM event WHERE seq < ?1";

impl SqliteStore {
    /// Deletes the oldest events, those with a `seq` below `before`, and gives their number.
    pub async fn forget_events(&self, before: u64) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let oldest = self.log_bounds().await?.oldest;
            if oldest >= before {
                return Ok(forgotten);
            }
            let until = integer(before.min(oldest.saturating_add(CHUNK)).min(i64::MAX.unsigned_abs()));
            let steps = [RAISE_FLOORS, NOTE_NEWEST, DELETE].map(|sql| Step::Run(sql, vec![until.into()]));
            let deleted = self.inner.writer.run(None, steps.into()).await?.rows;
            forgotten += deleted;
            if deleted == 0 {
                return Ok(forgotten);
            }
        }
    }
}
