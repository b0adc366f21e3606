//! The engine against the simulated network, through its port and nothing else.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed its test")]

mod ends;
mod linking;
mod logs;
mod support;
mod texts;
