//! What a use case can answer instead of its result.

use enlace_domain::Fault;
use enlace_domain::event::LogBounds;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::port::store::StoreError;
use enlace_domain::port::whatsapp::EngineError;
use enlace_domain::session::{Network, Refusal, StateName};

/// Why a link that was begun came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFailure {
    /// The network could not be reached; the word says how.
    Unreachable(String),
    /// The network refuses this client version.
    VersionRefused,
    /// The account is restricted.
    Restricted(String),
    /// A phone accepted in vain; the word says why.
    Failed(String),
    /// The round ended before.
    Expired,
    /// Someone stopped, logged out or deleted the session meanwhile.
    Interrupted,
    /// The phone accepted meanwhile.
    Accepted,
    /// What the link needs could not be stored.
    Storage {
        /// Because the disk is full.
        full: bool,
    },
}

impl LinkFailure {
    /// A stable word for events.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Unreachable(reason) | Self::Restricted(reason) | Self::Failed(reason) => reason,
            Self::VersionRefused => "version-refused",
            Self::Expired => "link-expired",
            Self::Interrupted => "link-interrupted",
            Self::Accepted => "link-accepted",
            Self::Storage { .. } => "storage-failed",
        }
    }
}

/// What a use case can answer instead of its result.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No such session, or none within reach.
    #[error("there is no session with the id {0}; GET /v1/sessions lists those this key reaches")]
    SessionNotFound(String),
    /// No such message.
    #[error("this session has no message with the id {0}")]
    MessageNotFound(String),
    /// A field of the request is wrong.
    #[error("{message}")]
    Invalid {
        /// The field, as a path, e.g. `phone`.
        field: &'static str,
        /// What is wrong and what is right.
        message: String,
    },
    /// Neither given nor known from an earlier link.
    #[error(
        "a pairing code needs the phone number: give `phone` in international form, e.g. +999 100 000 001"
    )]
    PhoneRequired,
    /// The state forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No QR came in time.
    #[error("no QR came from the network within the time to wait{}; ask again, or look at the session's state", upstream(.reason.as_deref()))]
    NoQr {
        /// What is known of why.
        reason: Option<String>,
    },
    /// No pairing code was accepted in time.
    #[error(
        "the network has not accepted a pairing code within the time to wait; the request goes on: ask again with the same phone, or look at the session's state"
    )]
    NoCode,
    /// Only an online session can ask the network.
    #[error("this session is {} and only an online one can ask the network; wait until it is, or link it", .0.as_str())]
    Offline(StateName),
    /// The network did not answer a question in time.
    #[error("the network has not answered in time; ask again")]
    NoAnswer,
    /// The network refuses this client version.
    #[error(
        "the network refuses the web version this gateway speaks; update Enlace or set another version in the configuration"
    )]
    VersionRefused,
    /// The network cannot be reached.
    #[error("the network cannot be reached ({reason}); {}", way(.reason))]
    NetworkUnreachable {
        /// A stable word.
        reason: String,
    },
    /// The link was interrupted.
    #[error("the link was interrupted by a stop, logout or delete")]
    Interrupted,
    /// The network is not configured.
    #[error("the network {} is not available on this gateway; for the simulator start it with --simulator", .0.as_str())]
    NetworkUnavailable(Network),
    /// The session's outbox is full.
    #[error("too many messages of this session wait to be sent; send the next ones later")]
    OutboxFull,
    /// Asked too often.
    #[error(
        "asked too often {what}; ask again after the seconds in Retry-After; the section [limits] of the configuration sets how often"
    )]
    TooOften {
        /// Of what there was too much.
        what: &'static str,
        /// Seconds until the next.
        retry_after: u64,
    },
    /// As many tickets live as may.
    #[error(
        "too many stream tickets live; one ticket opens many streams, so keep it, or make the next one later"
    )]
    TooManyTickets,
    /// Another request asked for a code with another number or other characters.
    #[error("another request replaced this pairing code before the network accepted it; use the newest one")]
    CodeReplaced,
    /// WhatsApp refused a message.
    #[error("the network refused the message ({reason})")]
    MessageRefused {
        /// The stored message, status `failed`.
        message: MessageId,
        /// What it said.
        reason: String,
    },
    /// WhatsApp asks no passkey of this session now.
    #[error(
        "WhatsApp asks no passkey of this session now; it may once a QR was scanned or a code typed: the session is then `awaiting_passkey`"
    )]
    NoPasskeyAsked,
    /// The code is not there before the passkey was used.
    #[error(
        "there is no code to confirm yet: answer the request with POST …/passkey first, then compare the code"
    )]
    PasskeyUnanswered,
    /// The passkey was used already, and its code waits to be compared.
    #[error(
        "the passkey was used already, and WhatsApp believed it: compare the code of GET …/passkey with the one on the phone, then POST …/passkey/confirm"
    )]
    PasskeyAnswered,
    /// A cursor newer than the log.
    #[error("this cursor is newer than the event log; begin at `newest` or `oldest`")]
    CursorUnknown(LogBounds),
    /// A cursor older than what is kept.
    #[error("events after this cursor are no longer kept; begin at `oldest` and read the state anew")]
    CursorExpired(LogBounds),
    /// Not built yet, or not by this network.
    #[error("{0}")]
    Unsupported(String),
    /// The session's actor failed in the middle of this and is being restarted.
    #[error("the session's worker failed and is being restarted; ask again")]
    WorkerRestarted,
    /// The gateway is stopping.
    #[error("the gateway is stopping; ask again when it is back")]
    Stopping,
    /// The storage.
    #[error(transparent)]
    Store(StoreError),
    /// The network or the library.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What to look at when the network cannot be reached.
fn way(reason: &str) -> &'static str {
    match reason {
        "certificate-refused" => {
            "what answers there did not prove to be WhatsApp: look for a proxy that opens TLS connections, or a wrong `url` in the section [whatsapp]"
        }
        "proxy-refused" => {
            "the session's proxy refuses, or nothing answers at its address: correct `proxy` of the session, or start the proxy"
        }
        "proxy-timeout" => {
            "the session's proxy takes too long to connect: look at the proxy, or give the session another `proxy`"
        }
        "proxy-auth-required" => {
            "the session's proxy wants a user and a password, or other ones: write them into `proxy` of the session, as http://user:password@host:port"
        }
        _ => "check the gateway's way to it (`enlace doctor --whatsapp` walks it step by step) and ask again",
    }
}

fn upstream(reason: Option<&str>) -> String {
    reason.map(|r| format!(" ({r})")).unwrap_or_default()
}

impl From<StoreError> for GatewayError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::SessionNotFound(id) => Self::SessionNotFound(id.to_string()),
            StoreError::Closed => Self::Stopping,
            other => Self::Store(other),
        }
    }
}

impl From<LinkFailure> for GatewayError {
    fn from(failure: LinkFailure) -> Self {
        match failure {
            LinkFailure::Unreachable(reason) => Self::NetworkUnreachable { reason },
            LinkFailure::VersionRefused => Self::VersionRefused,
            LinkFailure::Failed(reason) => Self::NoQr { reason: Some(reason) },
            LinkFailure::Restricted(_) => Self::Refused(Refusal::Restricted),
            LinkFailure::Expired => Self::Refused(Refusal::LinkExpired),
            LinkFailure::Interrupted => Self::Interrupted,
            LinkFailure::Accepted => Self::Refused(Refusal::Pairing),
            LinkFailure::Storage { full: true } => Self::Store(StoreError::Full),
            LinkFailure::Storage { full: false } => {
                Self::Store(StoreError::Failed("what the link needs could not be stored".into()))
            }
        }
    }
}

impl GatewayError {
    /// A session beyond a key's reach is answered like one that is not there.
    pub fn session_not_found(id: &SessionId) -> Self {
        Self::SessionNotFound(id.to_string())
    }
}

impl Fault for GatewayError {
    enlace_domain::fault_table! {
        Self::SessionNotFound(_) => NotFound "session-not-found",
        Self::MessageNotFound(_) => NotFound "message-not-found",
        Self::Invalid { .. } => InvalidInput "invalid-field",
        Self::PhoneRequired => InvalidInput "phone-required",
        Self::NoQr { .. } => Timeout "no-qr-from-network",
        Self::NoCode => Timeout "network-timeout",
        Self::NoAnswer => Timeout "network-timeout",
        Self::Offline(_) => Conflict "session-offline",
        Self::VersionRefused => Unavailable "version-refused",
        Self::NetworkUnreachable { .. } => Unavailable "network-unreachable",
        Self::NetworkUnavailable(_) => Unavailable "network-unavailable",
        Self::Interrupted => Conflict "link-interrupted",
        Self::CodeReplaced => Conflict "code-replaced",
        Self::OutboxFull => RateLimited "outbox-full",
        Self::TooManyTickets => RateLimited "too-many-tickets",
        Self::TooOften { .. } => RateLimited "rate-limited",
        Self::MessageRefused { .. } => Rejected "message-refused",
        Self::NoPasskeyAsked => Conflict "no-passkey-asked",
        Self::PasskeyUnanswered => Conflict "passkey-unanswered",
        Self::PasskeyAnswered => Conflict "passkey-answered",
        Self::CursorUnknown(_) => Gone "cursor-unknown",
        Self::CursorExpired(_) => Gone "cursor-expired",
        Self::Unsupported(_) => Unsupported "unsupported",
        Self::WorkerRestarted => Unavailable "worker-restarted",
        Self::Stopping => Unavailable "stopping";
        Self::Refused(refusal) => refusal: Refusal,
        Self::Store(error) => error: StoreError,
        Self::Engine(error) => error: EngineError,
    }

    fn detail(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.detail(),
            Self::Store(error) => error.detail(),
            Self::Engine(error) => error.detail(),
            other => other.to_string(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Refused(refusal) => refusal.retry_after(),
            Self::Engine(error) => error.retry_after(),
            Self::OutboxFull => Some(5),
            Self::TooManyTickets => Some(60),
            Self::TooOften { retry_after, .. } => Some(*retry_after),
            Self::WorkerRestarted | Self::Stopping => Some(2),
            _ => None,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::PhoneRequired => Some("phone"),
            Self::Store(error) => error.field(),
            _ => None,
        }
    }
}
