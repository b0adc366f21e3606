//! `wait`: how long an answer may take, in seconds.

use super::problem::Problem;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What may be asked for, in seconds.
pub(crate) const RANGE: RangeInclusive<u32> = 0..=60;
/// What it is, for error answers.
pub(crate) const WHAT: &str = "how many seconds to wait for the answer";

/// A `wait` of a body, or its default, in seconds.
pub(crate) fn within(given: Option<u32>, default: u32) -> Result<Duration, Problem> {
    let seconds = given.unwrap_or(default);
    if RANGE.contains(&seconds) {
        return Ok(Duration::from_secs(u64::from(seconds)));
    }
    let detail = format!("wait is {WHAT}, a whole number from {} to {}", RANGE.start(), RANGE.end());
    Err(Problem::field("wait", detail))
}
