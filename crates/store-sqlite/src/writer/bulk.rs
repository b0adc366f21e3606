//! Many units at once: those that only insert messages, or only move statuses, share statements.
//!
//! The units of one group come from callers that all still wait, so any order among them is right; within a unit the
//! order is kept. What does not fit here (mixed units, the same message or key twice) is left to be applied by itself.

use super::Unit;
use super::change::{Advance, IDEMPOTENCY, idempotency_values, read};
use super::group::{Group, Outcome};
use crate::rows::{integer, message};
use crate::sql::{Batch, Value};
use crate::writer::group::millis;
use enlace_domain::id::MessageId;
use enlace_domain::message::Message;
use enlace_domain::port::{Change, Committed, Entry, IdempotencyKey, StoreError};
use sqlx::Row;
use std::collections::{HashMap, HashSet};

static EARLIER: Batch = Batch::new(
    "SELECT known.session, known.key, fingerprint, message, expires_at FROM (VALUES ",
    2,
    ") AS wanted CROSS JOIN idempotency known ON known.session = wanted.column1 AND known.key = wanted.column2",
);

/// What is known of idempotency keys: by session and key, the fingerprint and the message.
type Earlier = HashMap<(i64, String), (Vec<u8>, MessageId)>;

/// An entry of a unit that is applied in bulk.
enum Plan<'a> {
    Insert { number: i64, message: &'a Message },
    Repeated(MessageId),
    Advance { number: i64, advance: Advance<'a> },
    Nothing,
}

/// What moved, by the place of its entry among its unit's advances, by session, and by `wa_id`.
type Moved = HashMap<(usize, i64, String), Vec<Message>>;

/// A unit to be applied in bulk: its place, and its entries with their plans.
type Planned<'a> = (usize, &'a [Entry], Vec<Plan<'a>>);

impl Group<'_> {
    /// Applies what can be applied together. The places of other units stay `None`.
    pub(super) async fn apply_together(
        &mut self,
        units: &[Unit],
    ) -> Result<Vec<Option<Outcome>>, sqlx::Error> {
        let mut outcomes: Vec<Option<Outcome>> = units.iter().map(|_| None).collect();
        let earlier = self.earlier_of(units).await?;
        let mut claims = Claims::default();
        let mut planned: Vec<Planned<'_>> = Vec::new();
        for (place, unit) in units.iter().enumerate() {
            let Unit::Entries { entries, .. } = unit else { continue };
            match self.plan(entries, &earlier, &mut claims) {
                None => {}
                Some(Ok(plans)) => planned.push((place, entries, plans)),
                Some(Err(refusal)) => outcomes[place] = Some(Outcome::Entries(Err(refusal))),
            }
        }
        let inserted = self.insert_planned(&planned).await?;
        let mut moved = self.advance_planned(&planned).await?;
        for (place, entries, plans) in planned {
            let mut committed = Vec::with_capacity(entries.len());
            let mut round = 0;
            for (entry, plan) in entries.iter().zip(plans) {
                let advances = matches!(plan, Plan::Advance { .. });
                committed.push(self.conclude(entry, plan, round, &inserted, &mut moved).await?);
                round += usize::from(advances);
            }
            outcomes[place] = Some(Outcome::Entries(Ok(committed)));
        }
        Ok(outcomes)
    }

    /// The plans of a unit's entries; `None` when it does not fit, an error when a rule refuses it.
    fn plan<'e>(
        &self,
        entries: &'e [Entry],
        earlier: &Earlier,
        claims: &mut Claims<'e>,
    ) -> Option<Result<Vec<Plan<'e>>, StoreError>> {
        if !is_uniform(entries) || !claims.take(entries) {
            return None;
        }
        Some(entries.iter().map(|entry| self.plan_entry(&entry.change, earlier)).collect())
    }

    fn plan_entry<'e>(&self, change: &'e Change, earlier: &Earlier) -> Result<Plan<'e>, StoreError> {
        match change {
            Change::QueueMessage { message, idempotency } => {
                let number = self.number_of(message)?;
                let known = idempotency.as_ref().and_then(|key| Some((key, known(earlier, number, key)?)));
                match known {
                    None => Ok(Plan::Insert { number, message }),
                    Some((key, (fingerprint, first))) if *fingerprint == key.fingerprint => {
                        Ok(Plan::Repeated(first.clone()))
                    }
                    Some(_) => Err(StoreError::IdempotencyMismatch),
                }
            }
            Change::ReceiveMessage(message) => Ok(Plan::Insert { number: self.number_of(message)?, message }),
            Change::AdvanceStatus { session, wa_ids, status, error, tells, at } => {
                let (status, error, tells, at) = (*status, error.as_deref(), *tells, *at);
                let advance = Advance { session, wa_ids, status, error, tells, at };
                let slot = self.live_slot(session);
                // A session that is gone has no messages, and no session has the number 0.
                Ok(Plan::Advance { number: slot.map_or(0, |slot| slot.number), advance })
            }
            _ => Ok(Plan::Nothing),
        }
    }

    fn number_of(&self, message: &Message) -> Result<i64, StoreError> {
        let slot = self.live_slot(&message.session);
        slot.map(|slot| slot.number).ok_or_else(|| StoreError::SessionNotFound(message.session.clone()))
    }

    /// What is stored under the idempotency keys of these units.
    async fn earlier_of(&mut self, units: &[Unit]) -> Result<Earlier, sqlx::Error> {
        let mut values: Vec<Value> = Vec::new();
        for unit in units {
            let Unit::Entries { entries, .. } = unit else { continue };
            for entry in entries {
                if let Change::QueueMessage { message, idempotency: Some(key) } = &entry.change
                    && let Some(slot) = self.live_slot(&message.session)
                {
                    values.extend([slot.number.into(), key.key.as_str().into()]);
                }
            }
        }
        let mut earlier = Earlier::new();
        for row in EARLIER.run(self.connection, values).await? {
            if row.try_get::<i64, _>(4)? > millis(self.now) {
                let first = MessageId::from_text(row.try_get::<String, _>(3)?);
                earlier.insert((row.try_get(0)?, row.try_get(1)?), (row.try_get(2)?, first));
            }
        }
        Ok(earlier)
    }

    /// Inserts the messages, and gives the session and id of those that were not known.
    async fn insert_planned(&mut self, units: &[Planned<'_>]) -> Result<HashSet<(i64, String)>, sqlx::Error> {
        let mut values = Vec::new();
        let mut ids = Vec::new();
        for plan in units.iter().flat_map(|(_, _, plans)| plans) {
            if let Plan::Insert { number, message } = plan {
                values.append(&mut message::values(*number, message));
                ids.push((*number, message.id.as_str().to_owned()));
            }
        }
        let mut inserted = HashSet::with_capacity(ids.len());
        let mut ids = ids.into_iter();
        for done in message::INSERT.insert(self.connection, values).await? {
            let given: Vec<_> = ids.by_ref().take(done.given).collect();
            if done.new == given.len() as u64 {
                inserted.extend(given);
            } else if done.new > 0 {
                // Some were known. New rows are numbered without gaps, so those of this statement are the last ones.
                let rows = sqlx::query("SELECT session, id FROM message WHERE row > ?1 - ?2 AND row <= ?1")
                    .bind(done.last)
                    .bind(integer(done.new))
                    .fetch_all(&mut *self.connection)
                    .await?;
                for row in rows {
                    inserted.insert((row.try_get(0)?, row.try_get(1)?));
                }
            }
        }
        Ok(inserted)
    }

    /// Moves the messages. A unit may move one several times (a receipt proves that it was sent, and says how far it
    /// got): all first moves go together, then all second ones.
    async fn advance_planned(&mut self, units: &[Planned<'_>]) -> Result<Moved, sqlx::Error> {
        let mut rounds: Vec<Vec<(i64, &Advance<'_>)>> = Vec::new();
        for (_, _, plans) in units {
            for (round, step) in advances(plans).enumerate() {
                if rounds.len() == round {
                    rounds.push(Vec::new());
                }
                rounds[round].push(step);
            }
        }
        let mut moved = Moved::new();
        for (round, steps) in rounds.into_iter().enumerate() {
            let sessions: HashMap<i64, _> =
                steps.iter().map(|(number, advance)| (*number, advance.session)).collect();
            let values = steps.iter().flat_map(|(number, advance)| advance.values(*number)).collect();
            for row in message::ADVANCE.run(self.connection, values).await? {
                let number: i64 = row.try_get("session")?;
                let message = read(sessions[&number], &row)?;
                moved.entry((round, number, message.wa_id.clone())).or_default().push(message);
            }
        }
        Ok(moved)
    }

    /// What became of one entry, with its events. `round` counts the advances of its unit before it.
    async fn conclude(
        &mut self,
        entry: &Entry,
        plan: Plan<'_>,
        round: usize,
        inserted: &HashSet<(i64, String)>,
        moved: &mut Moved,
    ) -> Result<Committed, sqlx::Error> {
        let mut done = match plan {
            Plan::Insert { number, message } => {
                let applied = inserted.contains(&(number, message.id.as_str().to_owned()));
                if applied && let Change::QueueMessage { idempotency: Some(key), .. } = &entry.change {
                    self.pending.add(&IDEMPOTENCY, &idempotency_values(number, key, &message.id));
                }
                Committed { applied, ..Committed::default() }
            }
            Plan::Repeated(first) => Committed { earlier: Some(first), ..Committed::default() },
            Plan::Advance { number, advance } => {
                let of = |wa_id: &String| moved.remove(&(round, number, wa_id.clone())).unwrap_or_default();
                let messages = advance.wa_ids.iter().flat_map(of).collect();
                self.tell_moved(advance, messages).await?
            }
            Plan::Nothing => Committed { applied: true, ..Committed::default() },
        };
        if done.applied
            && let Some(new) = &entry.event
        {
            done.events.push(self.tell(new).await?);
        }
        Ok(done)
    }
}

/// The advances of a unit, in order.
fn advances<'p>(plans: &'p [Plan<'_>]) -> impl Iterator<Item = (i64, &'p Advance<'p>)> {
    plans.iter().filter_map(|plan| match plan {
        Plan::Advance { number, advance } => Some((*number, advance)),
        _ => None,
    })
}

/// Whether a unit only inserts, or only advances; bare events go with either.
fn is_uniform(entries: &[Entry]) -> bool {
    let all = |fits: fn(&Change) -> bool| entries.iter().all(|entry| fits(&entry.change));
    all(|change| matches!(change, Change::QueueMessage { .. } | Change::ReceiveMessage(_) | Change::None))
        || all(|change| matches!(change, Change::AdvanceStatus { .. } | Change::None))
}

fn known<'m>(earlier: &'m Earlier, number: i64, key: &IdempotencyKey) -> Option<&'m (Vec<u8>, MessageId)> {
    earlier.get(&(number, key.key.clone()))
}

/// What units of this group already use: a second use of the same must see the first one's effect.
#[derive(Default)]
struct Claims<'a>(HashSet<Claim<'a>>);

/// A session and what is used of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Claim<'a> {
    Message(&'a str, &'a str),
    Idempotency(&'a str, &'a str),
    Status(&'a str, &'a str),
}

impl<'a> Claims<'a> {
    /// Claims what a unit uses, unless something of it is taken.
    fn take(&mut self, entries: &'a [Entry]) -> bool {
        let (mut wanted, mut moved) = (Vec::new(), HashSet::new());
        for entry in entries {
            match &entry.change {
                Change::QueueMessage { message, idempotency } => {
                    let session = message.session.as_str();
                    wanted.push(Claim::Message(session, message.id.as_str()));
                    wanted.extend(idempotency.iter().map(|key| Claim::Idempotency(session, &key.key)));
                }
                Change::ReceiveMessage(message) => {
                    wanted.push(Claim::Message(message.session.as_str(), message.id.as_str()));
                }
                Change::AdvanceStatus { session, wa_ids, .. } => {
                    let named: HashSet<_> = wa_ids.iter().collect();
                    if named.len() < wa_ids.len() {
                        return false;
                    }
                    moved.extend(wa_ids.iter().map(|wa_id| Claim::Status(session.as_str(), wa_id)));
                }
                _ => {}
            }
        }
        // Within the unit nothing may be inserted twice, and no entry may name a message twice; a message may be moved
        // by several entries, which are applied in order.
        let distinct: HashSet<_> = wanted.iter().collect();
        if distinct.len() < wanted.len() || wanted.iter().chain(&moved).any(|one| self.0.contains(one)) {
            return false;
        }
        self.0.extend(wanted);
        self.0.extend(moved);
        true
    }
}
