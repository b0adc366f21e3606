//! Remove every WhatsApp key of a session. A client that still holds the old ones can't write them back.

use super::{Group, Halt, applied};
use enlace_domain::id::SessionId;
use enlace_domain::port::Committed;

const WIPE: &str = "DELETE FROM wa_record WHERE session = ?1; \
    DELETE FROM wa_mutation_mac WHERE session = ?1; \
    DELETE FROM wa_sender_key_device WHERE session = ?1; \
    DELETE FROM wa_lid_mapping WHERE session = ?1; \
    DELETE FROM wa_tc_token WHERE session = ?1; \
    DELETE FROM wa_message_secret WHERE session = ?1";

impl Group<'_> {
    pub(super) async fn wipe_keys(&mut self, session: &SessionId) -> Result<Committed, Halt> {
        let Some(slot) = self.live_slot(session) else {
            return Ok(applied(false));
        };
        // Rows that wait in this transaction are of before the wipe: they must be written first, to be removed.
        self.flush().await?;
        sqlx::query(WIPE).bind(slot.number).execute(&mut *self.connection).await?;
        self.staged.wiped.push(slot);
        Ok(applied(true))
    }
}
