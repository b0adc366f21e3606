//! The changes of the port, a file each.

mod add_key;
mod advance_status;
mod audit;
mod change_key;
mod create_session;
mod delete_session;
mod learn_person;
mod name_session;
mod queue_message;
mod receive_message;
mod retire_device;
mod save_session;
mod wipe_keys;

use super::group::{Group, Halt};
pub(super) use advance_status::{Advance, read};
use enlace_domain::port::{Change, Committed};
pub(super) use queue_message::{IDEMPOTENCY, idempotency_values};

impl Group<'_> {
    /// Applies one change. A refusal comes before anything of this change is written.
    pub(super) async fn apply_change(&mut self, change: &Change) -> Result<Committed, Halt> {
        match change {
            Change::CreateSession(session) => self.create_session(session).await,
            Change::SaveSession(session) => self.save_session(session).await,
            Change::DeleteSession(session) => self.delete_session(session).await,
            Change::NameSession { session, dialect, alias } => {
                self.name_session(session, *dialect, alias).await
            }
            Change::WipeKeys(session) => self.wipe_keys(session).await,
            Change::QueueMessage { message, idempotency } => {
                self.queue_message(message, idempotency.as_ref()).await
            }
            Change::ReceiveMessage(message) => self.receive_message(message).await,
            Change::AdvanceStatus { session, wa_ids, status, error, tells, at } => {
                let (status, error, tells, at) = (*status, error.as_deref(), *tells, *at);
                self.advance_status(Advance { session, wa_ids, status, error, tells, at }).await
            }
            Change::LearnPerson { session, person } => self.learn_person(session, person).await,
            Change::RetireDevice(device) => self.retire_device(device).await,
            Change::ForgetDevice(id) => self.forget_device(id).await,
            Change::AddKey(key) => self.add_key(key).await,
            Change::ChangeKey { id, change } => self.change_key(id, change).await,
            Change::RevokeKey(id) => self.revoke_key(id).await,
            Change::Audit(record) => self.audit(record).await,
            Change::None => Ok(applied(true)),
        }
    }
}

/// The plain outcome: it took effect, or it did not.
fn applied(applied: bool) -> Committed {
    Committed { applied, ..Committed::default() }
}
