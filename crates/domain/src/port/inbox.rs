//! The port by which a connection tells us what happens on it.

use crate::address::{Jid, Person, PhoneNumber};
use crate::clock::Timestamp;
use crate::message::{Content, Status};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;

/// Something that happened on one connection. Each connection ends with exactly one [`ConnectionEvent::Ended`].
#[derive(Clone, Debug)]
pub enum ConnectionEvent {
    /// Others are dialled first; it waits for its turn.
    Queued,
    /// Its turn came after [`Self::Queued`].
    Dialling,
    /// Socket and handshake are done.
    Connected,
    /// A QR to show: the first, the next, or the same one drawn anew after a rotated secret.
    Qr {
        /// The raw text.
        payload: SecretString,
        /// How long the network honours it from now.
        valid_for: Duration,
    },
    /// The last QR of this connection has ended.
    QrsExhausted,
    /// The live pairing code is dead; `reason` is a stable word.
    CodeDead {
        /// Why.
        reason: String,
    },
    /// WhatsApp asks this account for a passkey.
    PasskeyRequested {
        /// WebAuthn request options as the network gave them.
        options: Value,
    },
    /// The passkey was believed: this code is shown here and on the phone.
    PasskeyCode {
        /// Eight characters with a dash in the middle.
        code: SecretString,
        /// Whether somebody has to compare the two before the link goes on.
        compare: bool,
    },
    /// The phone accepted and the credentials are stored.
    Paired {
        /// The number.
        phone: PhoneNumber,
        /// The hidden id.
        lid: Option<Jid>,
        /// The name of a business account.
        business_name: Option<String>,
    },
    /// The phone accepted but the link failed; no credentials are stored.
    PairFailed {
        /// A stable word.
        reason: String,
        /// Whether another try may succeed on this connection: its QRs and its code live on. If not, nothing can be
        /// linked on it any more.
        lives_on: bool,
    },
    /// The phone accepted and lists this device, but the credentials could not be stored: nothing can be linked on this
    /// connection any more.
    PairedUnkept {
        /// What the device logs in with, in the form that `forget_device` takes.
        keys: SecretString,
    },
    /// Logged in; the first state sync goes on.
    LoggedIn,
    /// Logged in and synced.
    Online {
        /// The account's own name, where known.
        push_name: Option<String>,
    },
    /// The account's own name changed.
    PushName(String),
    /// It is over.
    Ended(EndReason),
}

/// Why a connection ended, and so what may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// We closed it.
    Closed,
    /// The obligatory 515: log in again at once.
    RestartRequired,
    /// It could not be dialled, or was lost. Retry with back-off. `reason` is a stable word, e.g. `stream-ended`,
    /// `dial-failed`, `certificate-refused`, `server-busy`.
    Lost {
        /// A stable word.
        reason: String,
    },
    /// The network no longer knows this device: the keys are worthless.
    LoggedOut {
        /// A stable word, e.g. `device-removed`, `login-refused`.
        reason: String,
    },
    /// Another connection took this identity.
    Replaced,
    /// WhatsApp restricts the account.
    Restricted {
        /// A stable word.
        reason: String,
        /// Until when, where known.
        until: Option<Timestamp>,
    },
    /// The network refuses this client version.
    VersionRefused,
}

/// A message from the network, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundMessage {
    /// WhatsApp's id.
    pub wa_id: String,
    /// The chat as the network addressed it: a person or a group.
    pub chat: Jid,
    /// Both addresses of the chat's person, where known.
    pub chat_person: Person,
    /// Who wrote it.
    pub from: Jid,
    /// Both addresses of the writer, where known.
    pub from_person: Person,
    /// Written by this number on another device.
    pub from_me: bool,
    /// The writer's own name.
    pub push_name: Option<String>,
    /// The network's time.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
}

/// A receipt for messages of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// WhatsApp's ids.
    pub wa_ids: Vec<String>,
    /// `delivered`, `read` or `played`.
    pub status: Status,
    /// Who.
    pub by: Jid,
    /// When.
    pub at: Timestamp,
}

/// Hears what happens on one connection. The session gives each connection an inbox of its own, so that a late word
/// of a retired connection can be told apart and dropped.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Something happened. Called in order.
    async fn connection(&self, event: ConnectionEvent);

    /// Messages arrived. Returns only after they and their events are committed; must be idempotent, because the
    /// network repeats what was not acknowledged. On an error nothing may be acknowledged.
    async fn messages(&self, batch: Vec<InboundMessage>) -> Result<(), InboxError>;

    /// A receipt arrived. Returns after the commit.
    async fn receipt(&self, receipt: Receipt) -> Result<(), InboxError>;
}

/// What arrived could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// This connection was retired.
    #[error("this connection was retired")]
    Retired,
    /// The storage failed.
    #[error("what arrived could not be stored")]
    Store(#[source] super::store::StoreError),
}
