//! Fill in the other address of a chat's person.

use super::{Group, Halt, applied};
use enlace_domain::address::Person;
use enlace_domain::id::SessionId;
use enlace_domain::port::Committed;

const LEARN: &str = "UPDATE message SET chat_pn = ?2, chat_lid = ?3 WHERE session = ?1 \
     AND ((chat = ?2 AND chat_lid IS NULL) OR (chat = ?3 AND chat_pn IS NULL))";

impl Group<'_> {
    pub(super) async fn learn_person(
        &mut self,
        session: &SessionId,
        person: &Person,
    ) -> Result<Committed, Halt> {
        let (Some(slot), Some(pn), Some(lid)) = (self.live_slot(session), &person.pn, &person.lid) else {
            return Ok(applied(false));
        };
        let done = sqlx::query(LEARN)
            .bind(slot.number)
            .bind(pn.to_string())
            .bind(lid.to_string())
            .execute(&mut *self.connection)
            .await?;
        Ok(applied(done.rows_affected() > 0))
    }
}
