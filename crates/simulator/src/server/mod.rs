//! WhatsApp's server: connections, pairing, login, queries, and the carrying of messages and receipts. It reads no
//! plaintext; phones do, in `phone`.

pub(crate) mod account;
pub(crate) mod app_state;
pub(crate) mod code;
pub(crate) mod connection;
pub(crate) mod dispatch;
pub(crate) mod group;
pub(crate) mod group_change;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod login;
pub(crate) mod message;
pub(crate) mod pairing;
pub(crate) mod passkey;
pub(crate) mod presence;
pub(crate) mod receipt;
pub(crate) mod registration;
pub(crate) mod serve;
pub(crate) mod unlink;
pub(crate) mod usync;
