//! Who is who: phones by number and by LID.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use wacore_binary::{Jid, Server};

use super::account::{Account, Form};
use super::number::{other_form, parse_number};

/// All phones.
#[derive(Default)]
pub(crate) struct Directory {
    maps: RwLock<Maps>,
}

#[derive(Default)]
struct Maps {
    by_number: HashMap<u64, Arc<Account>>,
    by_lid: HashMap<u64, Arc<Account>>,
}

/// Whom an address means, and in which form it was written.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub(crate) account: Arc<Account>,
    pub(crate) form: Form,
    pub(crate) device: u16,
}

impl Directory {
    pub(crate) fn by_number(&self, number: u64) -> Option<Arc<Account>> {
        self.maps.read().by_number.get(&number).cloned()
    }

    /// Adds a phone; `false` if its number or LID is taken.
    pub(crate) fn insert(&self, account: Arc<Account>) -> bool {
        let mut maps = self.maps.write();
        if maps.by_number.contains_key(&account.number) || maps.by_lid.contains_key(&account.lid) {
            return false;
        }
        maps.by_lid.insert(account.lid, Arc::clone(&account));
        maps.by_number.insert(account.number, account);
        true
    }

    pub(crate) fn contains(&self, number: u64, lid: u64) -> bool {
        let maps = self.maps.read();
        maps.by_number.contains_key(&number) || maps.by_lid.contains_key(&lid)
    }

    /// Every phone, by number.
    pub(crate) fn all(&self) -> Vec<Arc<Account>> {
        let mut all: Vec<_> = self.maps.read().by_number.values().cloned().collect();
        all.sort_unstable_by_key(|account| account.number);
        all
    }

    /// Whom an address of a person or device means.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<Resolved> {
        let user: u64 = jid.user.parse().ok()?;
        let maps = self.maps.read();
        let (account, form) = match jid.server {
            Server::Pn | Server::Legacy => (maps.by_number.get(&user), Form::Pn),
            Server::Lid => (maps.by_lid.get(&user), Form::Lid),
            _ => (None, Form::Pn),
        };
        Some(Resolved { account: Arc::clone(account?), form, device: jid.device })
    }

    /// Whom a text means that people write: a number in any writing, and in either form where its country has two.
    pub(crate) fn by_text(&self, text: &str) -> Option<Arc<Account>> {
        let number = parse_number(text).ok()?;
        self.by_number(number).or_else(|| self.by_number(other_form(number)?))
    }
}
