//! One actor per session: [`Handle`] outside, `worker::Worker` inside, [`message::Ask`] between them.

pub(crate) mod events;
mod handle;
mod inbox;
pub(crate) mod message;
mod outbox;
pub(crate) mod snapshot;
mod supervisor;
mod worker;

pub(crate) use handle::Handle;
pub(crate) use supervisor::Supervisor;
