//! The engine against the simulated network, through its port and nothing else.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed its test")]

mod backlog;
mod ends;
mod linking;
mod logs;
mod panics;
mod passkey;
mod support;
mod texts;
mod trouble;
mod ways_out;
