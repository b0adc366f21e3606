//! The network through its public doors: a test companion on the byte pipe, phones, and the control API over HTTP.

mod companion;
mod control;
mod keys;
mod linking;
mod messages;
mod persistence;
mod socket;
