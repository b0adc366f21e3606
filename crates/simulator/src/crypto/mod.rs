//! What a real phone computes: keys, the linking of companions, Signal sessions, app state, media and history.
//!
//! Pure: no clock, no socket, no global state; time and randomness are arguments. Nothing here prints a secret.

pub(crate) mod adv;
pub(crate) mod app_state;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod media;
pub(crate) mod pairing_code;
pub(crate) mod passkey;
pub(crate) mod qr;
pub(crate) mod shortcake;
pub(crate) mod signal;
