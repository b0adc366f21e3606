//! Ranges of numbers that the types do not bound: nothing overflows, and nothing runs hot.

use super::{Settings, SettingsError};
use std::ops::RangeInclusive;

/// A day.
const DAY: u64 = 24 * 60 * 60;
/// WhatsApp is asked for a sign of life about twice a minute. A shorter proof calls sessions stalled that are well.
const PROOF_LEAST: u64 = 35;

/// Refuses a number out of its range, by its key.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let Settings { server, link, sessions, .. } = settings;
    let numbers: [(&str, u64, RangeInclusive<u64>); 8] = [
        ("server.shutdown_seconds", server.shutdown_seconds, 0..=3600),
        ("link.watch_seconds", link.watch_seconds, 1..=DAY),
        ("sessions.resume_parallel", sessions.resume_parallel as u64, 1..=10_000),
        ("sessions.reconnect_first_seconds", sessions.reconnect_first_seconds, 1..=DAY),
        ("sessions.reconnect_max_seconds", sessions.reconnect_max_seconds, 1..=DAY),
        ("sessions.proof_seconds", sessions.proof_seconds, 1..=DAY),
        ("sessions.idempotency_hours", sessions.idempotency_hours, 1..=365 * 24),
        ("sessions.outbox_limit", sessions.outbox_limit as u64, 1..=1_000_000),
    ];
    match numbers.into_iter().find(|(_, number, range)| !range.contains(number)) {
        None => Ok(()),
        Some((key, number, range)) => Err(SettingsError::Value(format!(
            "{key} is {number} and must be {} to {}",
            range.start(),
            range.end()
        ))),
    }
}

/// What can be used but is rarely meant.
pub(super) fn doubts(settings: &Settings) -> Vec<String> {
    let proof = settings.sessions.proof_seconds;
    let short = proof < PROOF_LEAST;
    let words = || {
        format!(
            "sessions.proof_seconds is {proof}: WhatsApp is silent for up to half a minute where nothing happens, so below \
             {PROOF_LEAST} healthy sessions look stalled and are connected anew again and again"
        )
    };
    short.then(words).into_iter().collect()
}
