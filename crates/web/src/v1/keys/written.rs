//! Members of a key as they are written.

use crate::kit::moment;
use crate::kit::problem::Problem;
use chrono::TimeDelta;
use enlace_domain::clock::Timestamp;
use enlace_domain::id::SessionId;
use enlace_domain::key::Scope;

/// Longest `expires_in`: a hundred years.
const SECONDS_MAX: u64 = 100 * 366 * 24 * 3600;

pub(super) fn scopes(names: &[String]) -> Result<Vec<Scope>, Problem> {
    let known: Option<_> = names.iter().map(|name| Scope::parse(name)).collect();
    known.ok_or_else(|| {
        let names = Scope::ALL.map(Scope::as_str).join(", ");
        Problem::field("scopes", format!("scopes is a list of one or more of: {names}"))
    })
}

/// Ids of sessions, which need not be there yet.
pub(super) fn sessions(ids: &[String]) -> Result<Vec<SessionId>, Problem> {
    let parsed = ids.iter().map(|id| SessionId::parse(id));
    let mut ids = parsed
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Problem::field("sessions", format!("sessions is a list of ids, and {error}")))?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// An end, given as a moment or as seconds from now.
pub(super) fn end(
    at: Option<&str>,
    within: Option<u64>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    match (at, within) {
        (Some(_), Some(_)) => Err(Problem::field(
            "expires_in",
            "give expires_at or expires_in, not both: they say the same in two ways",
        )),
        (Some(text), None) => moment::parse("expires_at", text).map(Some),
        (None, Some(seconds)) => after(seconds, now).map(Some),
        (None, None) => Ok(None),
    }
}

fn after(seconds: u64, now: Timestamp) -> Result<Timestamp, Problem> {
    let delta = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    match delta {
        Some(delta) if (1..=SECONDS_MAX).contains(&seconds) => Ok(now + delta),
        _ => Err(Problem::field(
            "expires_in",
            format!("expires_in is the key's life in seconds, 1 to {SECONDS_MAX}"),
        )),
    }
}
