//! Session actors through the facade, on SQLite and against a WhatsApp network in memory.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod codes;
mod disk;
mod full_disk;
mod link_ends;
mod linking;
mod messages;
mod numbers;
mod passkeys;
mod proxies;
mod rig;
mod running;
mod unlinking;
mod watchdogs;
mod watching;
