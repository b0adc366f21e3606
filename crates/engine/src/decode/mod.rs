//! The library's events in the domain's words. Knows what was said and by whom; keeps and decides nothing.

mod kind;
pub(crate) mod message;
pub(crate) mod person;
pub(crate) mod receipt;
