//! Groups by id. Owns their rows; who may change what is decided by the server's group handlers.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use wacore_binary::Jid;

use super::account::Form;
use super::records::{GroupRecord, MemberRecord, Role};

/// One group.
pub(crate) struct Group {
    /// Without the server part.
    pub(crate) id: String,
    pub(crate) record: Mutex<GroupRecord>,
}

/// All groups.
#[derive(Default)]
pub(crate) struct Groups {
    by_id: RwLock<HashMap<String, Arc<Group>>>,
}

impl Group {
    pub(crate) fn jid(&self) -> Jid {
        Jid::group(self.id.as_str())
    }
}

impl GroupRecord {
    pub(crate) fn form(&self) -> Form {
        if self.lid_addressed { Form::Lid } else { Form::Pn }
    }

    pub(crate) fn member(&self, number: u64) -> Option<&MemberRecord> {
        self.members.iter().find(|member| member.number == number)
    }

    pub(crate) fn is_admin(&self, number: u64) -> bool {
        self.member(number).is_some_and(|member| member.role != Role::Member)
    }
}

impl Groups {
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Group>> {
        self.by_id.read().get(id).cloned()
    }

    pub(crate) fn insert(&self, id: String, record: GroupRecord) -> Arc<Group> {
        let group = Arc::new(Group { id: id.clone(), record: Mutex::new(record) });
        self.by_id.write().insert(id, Arc::clone(&group));
        group
    }

    /// The groups a phone is in, by id.
    pub(crate) fn of(&self, number: u64) -> Vec<Arc<Group>> {
        let mut groups: Vec<_> = self
            .by_id
            .read()
            .values()
            .filter(|group| group.record.lock().member(number).is_some())
            .cloned()
            .collect();
        groups.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        groups
    }

    pub(crate) fn by_invite(&self, code: &str) -> Option<Arc<Group>> {
        self.by_id.read().values().find(|group| group.record.lock().invite_code == code).cloned()
    }
}
