//! The vendor's words, spelled as it spells them.

pub(crate) mod answer;
pub(crate) mod connection;
pub(crate) mod message;
pub(crate) mod socket;
