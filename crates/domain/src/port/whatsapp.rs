//! The port to a WhatsApp network: open one connection, and what may be asked of it while it lives.
//!
//! A connection is one socket's life. It is opened once, tells what happens through the [`Inbox`] given with it, and
//! ends with exactly one [`super::ConnectionEvent::Ended`]. When and whether to open the next one is the session's
//! decision, never the connection's.

use super::inbox::Inbox;
use crate::Fault;
use crate::address::{Jid, Person, PhoneNumber};
use crate::id::SessionId;
use crate::message::Content;
use crate::proxy::Proxy;
use crate::session::Network;
use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;

/// What to open.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// For which session; its keys are opened by this id.
    pub session: SessionId,
    /// On which network.
    pub network: Network,
    /// Whether stored keys are to be used to log in. If not, the key store has been wiped and a link begins.
    pub linked: bool,
    /// Whether the companion shows itself online after login.
    pub mark_online: bool,
    /// What everything of this connection goes through, socket and media; never around it.
    pub proxy: Option<Proxy>,
}

/// A linked device as found in the key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number.
    pub phone: PhoneNumber,
    /// The hidden id, where known.
    pub lid: Option<Jid>,
    /// The account's own name, where known.
    pub push_name: Option<String>,
}

/// A WhatsApp network, or several behind one door.
#[async_trait]
pub trait WhatsApp: Send + Sync {
    /// Whether sessions of this network can be opened with the present configuration.
    fn offers(&self, network: Network) -> bool;

    /// Starts a connection and returns at once; dialling goes on behind it and reports to `inbox`.
    async fn open(
        &self,
        request: OpenRequest,
        inbox: Arc<dyn Inbox>,
    ) -> Result<Arc<dyn Connection>, EngineError>;

    /// The linked device in a session's key store, if pairing was completed in it.
    async fn identity(&self, session: &SessionId) -> Result<Option<Identity>, EngineError>;

    /// What the linked device of a session's key store logs in with, for [`Self::forget_device`]; none when nothing is
    /// linked in it. The connection that used it must have ended.
    async fn device_keys(&self, session: &SessionId) -> Result<Option<SecretString>, EngineError>;

    /// Logs a device in for one thing: to tell the network to forget it. Returns when the network has acknowledged that,
    /// or does not know the device any more. Tried once, within a bounded time; nothing is heard of what else arrives.
    async fn forget_device(&self, request: OpenRequest, keys: &SecretString) -> Result<(), EngineError>;

    /// Both addresses of a person, as far as this session has learnt them; needs no connection. Empty for what is no
    /// person's address.
    async fn person(&self, session: &SessionId, address: &Jid) -> Result<Person, EngineError>;

    /// A new WhatsApp message id in the form a companion device gives; needs no connection.
    fn new_message_id(&self) -> String;
}

/// A pairing code that the network accepted.
#[derive(Clone, Debug)]
pub struct IssuedCode {
    /// Eight characters.
    pub code: SecretString,
    /// How long the network honours it from now.
    pub valid_for: Duration,
}

/// What an authenticator signed with a passkey of the account, as a WebAuthn client gives it.
#[derive(Clone)]
pub struct PasskeyAssertion {
    /// Which of the account's passkeys: the raw id.
    pub credential_id: Vec<u8>,
    /// The assertion as JSON: `id`, `rawId`, `type` and `response`, in base64url.
    pub json: String,
}

impl std::fmt::Debug for PasskeyAssertion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasskeyAssertion").finish_non_exhaustive()
    }
}

/// Whether a number has WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberCheck {
    /// The number as it was asked for.
    pub asked: PhoneNumber,
    /// Whom it reaches, where it has WhatsApp. Their number may be another form of the one that was asked for.
    pub person: Option<Person>,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// WhatsApp's id, fixed before the first attempt, so that a repeated attempt cannot double.
    pub wa_id: String,
    /// Where to.
    pub to: Jid,
    /// What.
    pub content: Content,
}

/// One socket's life.
#[async_trait]
pub trait Connection: Send + Sync {
    /// Asks the network for a pairing code and returns after the network accepted it. Waits for the socket first.
    /// `custom` fixes the eight characters (used to renew a code over a lost connection).
    async fn request_code(
        &self,
        phone: &PhoneNumber,
        custom: Option<&SecretString>,
    ) -> Result<IssuedCode, EngineError>;

    /// Withdraws the live pairing code, if any.
    async fn cancel_code(&self);

    /// Answers the network's request for a passkey; returns after the network believed it. Another try is possible after a
    /// refusal.
    async fn answer_passkey(&self, assertion: &PasskeyAssertion) -> Result<(), EngineError>;

    /// Says that somebody compared the code and wants the link. The phone's acceptance follows.
    async fn confirm_passkey(&self) -> Result<(), EngineError>;

    /// Asks the network which of these numbers have WhatsApp; answers each, in their order.
    async fn check_numbers(&self, numbers: &[PhoneNumber]) -> Result<Vec<NumberCheck>, EngineError>;

    /// Sends a message and returns when the server has acknowledged it.
    async fn send(&self, message: &Outgoing) -> Result<(), SendError>;

    /// Tells the network to forget this device; the keys stay for the caller to wipe. Ends the connection.
    async fn logout(&self) -> Result<(), EngineError>;

    /// Ends the connection, flushing what must be kept. Idempotent; returns when it has ended.
    async fn close(&self);

    /// Seconds since the last stanza from the server, where one was heard.
    fn idle_seconds(&self) -> Option<u64>;
}

/// What can go wrong with a connection or a pairing request.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The network is not configured here.
    #[error("the network {} is not available on this gateway; see the configuration", .0.as_str())]
    NetworkUnavailable(Network),
    /// The network can't be reached.
    #[error("the network cannot be reached: {reason}; the gateway will go on trying where it should")]
    Unreachable {
        /// A stable kebab-case word.
        reason: String,
    },
    /// The network refused a pairing code.
    #[error(
        "the network refused a pairing code for this number ({reason}); check the number, wait a while, or link by QR"
    )]
    CodeRefused {
        /// What the network said, as a stable word or its number.
        reason: String,
        /// Seconds to wait, where the network said.
        retry_after: Option<u64>,
    },
    /// The network did not believe a passkey, or the exchange after it broke.
    #[error(
        "the network did not take the passkey; use one of this account that the request names, on WhatsApp's own origin, and answer the newest request"
    )]
    PasskeyRefused,
    /// The network did not answer in time.
    #[error("the network did not answer in time; try again")]
    Timeout,
    /// The connection ended first.
    #[error("the connection ended before the network answered; try again")]
    Ended,
    /// The key store failed.
    #[error("the key store failed")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something else in the library.
    #[error("the WhatsApp library failed")]
    Library(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fault for EngineError {
    crate::fault_table! {
        Self::NetworkUnavailable(_) => Unavailable "network-unavailable",
        Self::Unreachable { .. } => Unavailable "network-unreachable",
        Self::CodeRefused { .. } => Rejected "code-refused",
        Self::PasskeyRefused => Rejected "passkey-refused",
        Self::Timeout => Timeout "network-timeout",
        Self::Ended => Unavailable "connection-ended",
        Self::Keys(_) => Internal "key-store-failed",
        Self::Library(_) => Internal "engine-failed",
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::CodeRefused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What became of a message that was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It certainly did not leave; it may be tried again.
    #[error("the message did not leave")]
    NotSent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It may have left; only the same `wa_id` may be tried again, and only after reconnecting.
    #[error("no acknowledgement came")]
    Unknown,
    /// The network refused it for good.
    #[error("the network refused the message ({reason})")]
    Refused {
        /// What the network said.
        reason: String,
    },
    /// The recipient is not on WhatsApp.
    #[error("the recipient is not on this network")]
    UnknownRecipient,
}
