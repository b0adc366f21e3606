//! The fourteen states of a session (`design` section 3). Every change of one is an event with a reason.

use crate::clock::{Timestamp, millis};
use serde::{Deserialize, Serialize};

/// The name of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateName {
    /// Never linked, or forced clean; no socket, nobody asked.
    Unlinked,
    /// Socket and handshake under way.
    Connecting,
    /// A QR is valid now. After a phone accepted in vain the reason says why.
    AwaitingScan,
    /// A pairing code lives; QRs may be served beside it.
    AwaitingCode,
    /// WhatsApp asks this account for a passkey.
    AwaitingPasskey,
    /// Nobody linked in time: a resting state.
    LinkExpired,
    /// The phone accepted.
    Pairing,
    /// Logged in, and traffic proves it.
    Online,
    /// Lost; a retry is planned.
    Reconnecting,
    /// Socket up but no traffic within the proof window.
    Stalled,
    /// Unlinked by phone, by us, or by WhatsApp; the record stays.
    LoggedOut,
    /// Another client took this identity; we stop and never fight.
    Replaced,
    /// Ban, time-lock or outdated version.
    Restricted,
    /// Someone said so, or its network is not configured.
    Stopped,
}

impl StateName {
    /// Every state.
    pub const ALL: [Self; 14] = [
        Self::Unlinked,
        Self::Connecting,
        Self::AwaitingScan,
        Self::AwaitingCode,
        Self::AwaitingPasskey,
        Self::LinkExpired,
        Self::Pairing,
        Self::Online,
        Self::Reconnecting,
        Self::Stalled,
        Self::LoggedOut,
        Self::Replaced,
        Self::Restricted,
        Self::Stopped,
    ];

    /// The text form, e.g. `awaiting_scan`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlinked => "unlinked",
            Self::Connecting => "connecting",
            Self::AwaitingScan => "awaiting_scan",
            Self::AwaitingCode => "awaiting_code",
            Self::AwaitingPasskey => "awaiting_passkey",
            Self::LinkExpired => "link_expired",
            Self::Pairing => "pairing",
            Self::Online => "online",
            Self::Reconnecting => "reconnecting",
            Self::Stalled => "stalled",
            Self::LoggedOut => "logged_out",
            Self::Replaced => "replaced",
            Self::Restricted => "restricted",
            Self::Stopped => "stopped",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// It is on the way to another state and leaves by itself, whatever the network and the phone do or do not do.
    pub fn is_transitional(self) -> bool {
        match self {
            Self::Connecting
            | Self::AwaitingScan
            | Self::AwaitingCode
            | Self::AwaitingPasskey
            | Self::Pairing
            | Self::Reconnecting
            | Self::Stalled => true,
            Self::Unlinked
            | Self::LinkExpired
            | Self::Online
            | Self::LoggedOut
            | Self::Replaced
            | Self::Restricted
            | Self::Stopped => false,
        }
    }

    /// A link is under way but no phone has accepted yet.
    pub fn is_linking(self) -> bool {
        matches!(self, Self::Connecting | Self::AwaitingScan | Self::AwaitingCode | Self::AwaitingPasskey)
    }
}

/// Where a link is after the phone accepted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PairingStep {
    /// The phone accepted.
    Accepted,
    /// The obligatory 515.
    Restarting,
    /// Logging in with the new credentials.
    Connecting,
    /// Logged in; the first state sync runs.
    Syncing,
}

/// Whether the network was told of an unlinking that we decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RemoteUnlink {
    /// It was told.
    Done,
    /// It could not be told yet: the phone may still list the device. It is tried again until it is done.
    Pending,
    /// It could not be told in all the time that this is tried: who owns the phone can remove the device there.
    #[serde(rename = "given-up")]
    GivenUp,
}

/// A state and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Which.
    pub name: StateName,
    /// Since when.
    #[serde(with = "millis")]
    pub since: Timestamp,
    /// Why, as a stable kebab-case word, e.g. `round-over`, `device-removed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// In `pairing`: how far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<PairingStep>,
    /// In `reconnecting`: how many attempts failed since traffic last proved the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// In `reconnecting`: when the next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis::option")]
    pub retry_at: Option<Timestamp>,
    /// In `restricted`: until when, where known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis::option")]
    pub until: Option<Timestamp>,
    /// In `logged_out` and after a force: whether the network knows. While it is pending it stays with every state that
    /// follows; the word that it is done is an event of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_unlink: Option<RemoteUnlink>,
}

impl SessionState {
    /// A state without details.
    pub fn plain(name: StateName, since: Timestamp) -> Self {
        Self {
            name,
            since,
            reason: None,
            step: None,
            attempt: None,
            retry_at: None,
            until: None,
            remote_unlink: None,
        }
    }

    /// With a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// `pairing` at a step.
    pub fn pairing(step: PairingStep, since: Timestamp) -> Self {
        Self { step: Some(step), ..Self::plain(StateName::Pairing, since) }
    }

    /// `reconnecting` with its plan.
    pub fn reconnecting(
        attempt: u32,
        retry_at: Timestamp,
        reason: impl Into<String>,
        since: Timestamp,
    ) -> Self {
        Self {
            attempt: Some(attempt),
            retry_at: Some(retry_at),
            ..Self::plain(StateName::Reconnecting, since)
        }
        .because(reason)
    }

    /// Whether this tells something else than `other` (the moment aside).
    pub fn differs_from(&self, other: &Self) -> bool {
        let mut same_moment = other.clone();
        same_moment.since = self.since;
        *self != same_moment
    }
}
