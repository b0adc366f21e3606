//! Session actors through the facade, on SQLite and against a WhatsApp network in memory.

mod linking;
mod messages;
mod rig;
mod running;
