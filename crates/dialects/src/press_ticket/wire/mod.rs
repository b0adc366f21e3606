//! Press Ticket's words, spelled as its documents spell them.

pub(crate) mod error;
pub(crate) mod message;
pub(crate) mod whatsapp;
