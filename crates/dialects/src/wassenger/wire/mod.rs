//! Wassenger's words, spelled as its document spells them.

pub(crate) mod device;
pub(crate) mod error;
pub(crate) mod message;
pub(crate) mod number;
pub(crate) mod scan;
