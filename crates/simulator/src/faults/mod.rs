//! Trouble made on purpose. Owns the words for it; what was ordered is in `book`, where it strikes is the server's code.

mod book;
mod strike;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use book::Faults;

use crate::config::MAX_SECONDS;
use crate::error::SimulatorError;
use crate::server::connection::Connection;

/// A day: the longest that trouble can be put off, in seconds.
const MAX_AFTER: f64 = 86_400.0;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The connection ends without a word.
    Cut,
    /// The connection stays open, but nothing is read or written on it any more.
    Silence,
    /// `<stream:error code=…/>` (default 503), then the end.
    StreamError,
    /// The next connections, linked or not, are answered by `<failure reason=…/>` (default 401; 402 is a temporary ban).
    Failure,
    /// A ban for `seconds` (default `ban_seconds`), before `speed`: whoever is logged in is cut, and every login meanwhile
    /// is refused with 402 and the time that is left.
    Ban,
    /// The next connections, linked or not, are refused with 405. With `version` only those of older clients, for as long
    /// as the order stands.
    RefuseVersion,
    /// The next unlinked connections get their QRs `seconds` later, not divided by `speed`; never, if no time is given.
    HoldQr,
    /// Unlinked connections are told to throw their secret away: the QR on show is dead, the one drawn anew links.
    RefreshRegistration,
    /// The next requests for a pairing code are refused with this code (default 429), and with `seconds` to wait if given.
    RefuseCode,
    /// The phone dies in the middle of its next link: once it scanned or the code was typed, or (`step`: `accepted`) once
    /// the companion signed, which is then out at its login.
    AbandonLink,
    /// WhatsApp asks for the phone's passkey at its next link, by QR or by code.
    DemandPasskey,
    /// After the next pairing the obligatory restart (515) comes this many `seconds` later (default 5, not divided by
    /// `speed`).
    HoldRestart,
    /// The next messages are delivered, but not acknowledged.
    DropAcks,
}

impl FaultKind {
    /// Every kind, as it is written.
    pub const ALL: [&'static str; 13] = [
        "cut",
        "silence",
        "stream-error",
        "failure",
        "ban",
        "refuse-version",
        "hold-qr",
        "refresh-registration",
        "refuse-code",
        "abandon-link",
        "demand-passkey",
        "hold-restart",
        "drop-acks",
    ];

    fn strikes_at_once(self) -> bool {
        matches!(self, Self::Cut | Self::Silence | Self::StreamError | Self::RefreshRegistration)
    }

    /// It befalls clients of which no number is known yet.
    fn is_before_any_phone(self) -> bool {
        matches!(self, Self::HoldQr | Self::RefreshRegistration)
    }
}

/// How far a phone comes that dies in the middle of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkStep {
    /// It scanned, or the code was typed.
    #[default]
    Scanned,
    /// It accepted and the companion signed.
    Accepted,
}

/// An order for trouble. Without `connection` and `phone` it is for whoever comes first (or, for what strikes at once, for
/// every connection).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// Only on this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Only for this phone and its companions, by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Only for this companion of the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
    /// How often; default 1. What strikes at once does so once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Seconds until it begins, not divided by `speed`; default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// The code or reason on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// How long it lasts, or how long something is held; the kind says which and whether `speed` divides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Of `refuse-version`: the oldest version that is let in, e.g. `2.3000.1015901307`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Of `abandon-link`: how far the phone comes; default `scanned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<LinkStep>,
}

impl Fault {
    /// Trouble of this kind for whoever comes first, once.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            connection: None,
            phone: None,
            device: None,
            count: None,
            after: None,
            code: None,
            seconds: None,
            version: None,
            step: None,
        }
    }

    /// Refuses an order that cannot be meant. Gives how long it waits.
    fn check(&self) -> Result<Duration, SimulatorError> {
        let invalid = |detail: String| Err(SimulatorError::Invalid(detail));
        if self.count == Some(0) {
            return invalid("`count` must be at least 1".to_owned());
        }
        if self.seconds.is_some_and(|seconds| seconds > MAX_SECONDS) {
            return invalid(format!("`seconds` must be at most {MAX_SECONDS}"));
        }
        if self.device.is_some() && self.phone.is_none() {
            return invalid("`device` needs `phone`: whose companion is it?".to_owned());
        }
        if self.phone.is_some() && self.kind.is_before_any_phone() {
            return invalid(
                "`phone` cannot be meant: who shows a QR has no phone yet; give `connection`, or neither"
                    .to_owned(),
            );
        }
        if self.version.is_some() && self.kind != FaultKind::RefuseVersion {
            return invalid("`version` belongs to `refuse-version`".to_owned());
        }
        if self.version.as_deref().is_some_and(|version| parse_version(version).is_none()) {
            return invalid("`version` must be three numbers with dots, e.g. 2.3000.1015901307".to_owned());
        }
        if self.step.is_some() && self.kind != FaultKind::AbandonLink {
            return invalid("`step` belongs to `abandon-link`".to_owned());
        }
        let after = self.after.unwrap_or(0.0);
        if !(0.0..=MAX_AFTER).contains(&after) {
            return invalid(format!("`after` must lie between 0 and {MAX_AFTER} seconds"));
        }
        Ok(Duration::from_secs_f64(after))
    }

    /// Whether it means clients of this version.
    pub(crate) fn means_version(&self, version: [u32; 3]) -> bool {
        self.version.as_deref().and_then(parse_version).is_none_or(|oldest| version < oldest)
    }
}

fn parse_version(text: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

/// Trouble that was ordered and is not over, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderedFault {
    /// Its number, by which it can be taken back.
    pub id: u64,
    /// The order, with what is left of its count.
    #[serde(flatten)]
    pub fault: Fault,
    /// Where it is in its life.
    pub state: FaultState,
    /// Seconds until it begins, while it waits, or until it is over, while it is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<f64>,
}

/// Where an order for trouble is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultState {
    /// Its `after` is not over.
    Waiting,
    /// It strikes the next that it is meant for.
    Ready,
    /// It strikes everyone it is meant for until its time is over.
    InForce,
}

/// Where something is about to happen that a fault may spoil.
pub(crate) struct Target {
    connection: u64,
    number: Option<u64>,
    device: Option<u16>,
}

impl Target {
    pub(crate) fn device(number: u64, device: u16, connection: u64) -> Self {
        Self { connection, number: Some(number), device: Some(device) }
    }

    pub(crate) fn phone(number: u64, connection: u64) -> Self {
        Self { connection, number: Some(number), device: None }
    }

    pub(crate) fn unlinked(connection: u64) -> Self {
        Self { connection, number: None, device: None }
    }

    fn of(connection: &Connection) -> Self {
        let device = connection.device.get();
        Self {
            connection: connection.id,
            number: device.map(|(account, _)| account.number),
            device: device.map(|(_, device)| *device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_as_it_is_written() {
        for name in FaultKind::ALL {
            let kind: FaultKind = serde_json::from_value(serde_json::json!(name)).unwrap();
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
    }

    #[test]
    fn a_refused_version_means_older_clients() {
        let fault = Fault { version: Some("2.3000.100".to_owned()), ..Fault::new(FaultKind::RefuseVersion) };
        assert!(fault.means_version([2, 3000, 99]) && fault.means_version([2, 2999, 500]));
        assert!(!fault.means_version([2, 3000, 100]) && !fault.means_version([3, 0, 0]));
        assert!(Fault::new(FaultKind::RefuseVersion).means_version([9, 9, 9]));
        for bad in ["", "2.3000", "2.3000.x", "1.2.3.4"] {
            assert_eq!(parse_version(bad), None, "{bad}");
        }
    }
}
