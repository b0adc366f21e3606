//! What the network knows: phones, companions, keys, queues, groups and media, in memory, with a journal beneath.
//!
//! Locks are per phone and per kind of fact, short, never held across an await and never two phones at once. Who changes
//! rows appends them to the journal under the lock of those rows and commits after letting go of it.

pub(crate) mod account;
pub(crate) mod batch;
mod compact;
pub(crate) mod directory;
mod file;
mod folder;
pub(crate) mod group;
pub(crate) mod journal;
mod load;
pub(crate) mod network;
pub(crate) mod number;
pub(crate) mod post;
pub(crate) mod queue;
pub(crate) mod records;
