//! Who is meant by a name in a foreign API, and the names that are made for those who bring none.

use enlace_domain::alias::{Alias, Aliases, Dialect, PRESS_TICKET};
use enlace_domain::id::SessionId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every session's names, as they are stored.
pub(crate) struct Names(Mutex<Known>);

struct Known {
    sessions: HashMap<(Dialect, String), SessionId>,
    /// The highest number that was ever given where sessions are counted.
    last_number: u64,
}

impl Names {
    /// `last_number` as the store knows it.
    pub(crate) fn new(last_number: u64) -> Self {
        Self(Mutex::new(Known { sessions: HashMap::new(), last_number }))
    }

    /// From now on these names mean this session.
    pub(crate) fn learn(&self, session: &SessionId, aliases: &Aliases) {
        let mut known = self.lock();
        for (dialect, alias) in aliases {
            known.sessions.insert((*dialect, alias.name.clone()), session.clone());
            if let (Dialect::PressTicket, Ok(number)) = (dialect, alias.name.parse()) {
                known.last_number = known.last_number.max(number);
            }
        }
    }

    /// Nobody is called so any more, unless a new session took the name meanwhile.
    pub(crate) fn forget(&self, session: &SessionId, aliases: &Aliases) {
        let mut known = self.lock();
        for (dialect, alias) in aliases {
            let name = (*dialect, alias.name.clone());
            if known.sessions.get(&name) == Some(session) {
                known.sessions.remove(&name);
            }
        }
    }

    /// Who is called so, in any writing.
    pub(crate) fn find(&self, dialect: Dialect, name: &str) -> Option<SessionId> {
        let name = dialect.canonical(name)?;
        self.lock().sessions.get(&(dialect, name)).cloned()
    }

    /// The given names, and a made one in every other dialect.
    pub(crate) fn complete(&self, session: &SessionId, mut given: Aliases) -> Aliases {
        for dialect in Dialect::ALL {
            given.entry(dialect).or_insert_with(|| self.make(dialect, session));
        }
        given
    }

    fn make(&self, dialect: Dialect, session: &SessionId) -> Alias {
        let made = match dialect {
            Dialect::ZApi => {
                let (instance, token) = (random::<16>().to_uppercase(), random::<16>().to_uppercase());
                Alias::parse(dialect, &instance, Some(&token))
            }
            Dialect::Wassenger => Alias::parse(dialect, &random::<12>(), None),
            Dialect::PressTicket => Alias::parse(dialect, &self.next_number().to_string(), None),
            Dialect::BaileysApi => {
                let own = Some(session.as_str()).filter(|name| self.find(dialect, name).is_none());
                Alias::parse(dialect, own.map_or_else(random::<16>, str::to_owned).as_str(), None)
            }
        };
        made.expect("a made name follows the grammar")
    }

    fn next_number(&self) -> u64 {
        let mut known = self.lock();
        loop {
            // Past the last number that fits there is no more counting; the free ones are looked for from the first.
            let next = known.last_number % u64::from(*PRESS_TICKET.end()) + 1;
            known.last_number = next;
            if !known.sessions.contains_key(&(Dialect::PressTicket, next.to_string())) {
                return next;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random bytes as hexadecimal digits.
fn random<const BYTES: usize>() -> String {
    hex::encode(rand::random::<[u8; BYTES]>())
}
