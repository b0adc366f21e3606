//! Z-API's words, spelled as its documents (developer.z-api.io) spell them.

pub(crate) mod contact;
pub(crate) mod error;
pub(crate) mod instance;
pub(crate) mod link;
pub(crate) mod message;
