//! What an actor is told: asks from outside, and news of the work it began itself.

use super::handle::OutboxSlot;
use crate::error::GatewayError;
use crate::ops::link::{LinkAsk, Outcome};
use crate::ops::patch_session::PatchSession;
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::id::{MessageId, RetiredId};
use enlace_domain::message::Message;
use enlace_domain::port::whatsapp::{EngineError, IssuedCode, NumberCheck, PasskeyAssertion};
use enlace_domain::session::{RemoteUnlink, Session};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Where an answer goes. Dropping it unanswered tells the asker that the worker failed.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, GatewayError>>;

/// What is asked of a session. What each means in which state is `enlace_domain::session::decide`'s business.
pub(crate) enum Ask {
    Link {
        ask: LinkAsk,
        reply: Reply<Outcome>,
    },
    Start {
        reply: Reply<Arc<Session>>,
    },
    Stop {
        reply: Reply<Arc<Session>>,
    },
    Restart {
        reply: Reply<Arc<Session>>,
    },
    Logout {
        reply: Reply<Arc<Session>>,
    },
    Delete {
        keep_link: bool,
        reply: Reply<()>,
    },
    AnswerPasskey {
        assertion: PasskeyAssertion,
        reply: Reply<()>,
    },
    ConfirmPasskey {
        reply: Reply<()>,
    },
    CheckNumbers {
        numbers: Vec<PhoneNumber>,
        reply: Reply<Vec<NumberCheck>>,
    },
    Patch {
        patch: PatchSession,
        reply: Reply<Arc<Session>>,
    },
    /// A device that was unlinked while the network could not be told needs no telling any more.
    Told {
        device: RetiredId,
        outcome: RemoteUnlink,
        /// No other device of this session waits for it.
        last: bool,
        reply: Reply<()>,
    },
    /// Send a stored message; answered when it is sent or failed.
    Send {
        message: Box<Message>,
        slot: OutboxSlot,
        reply: Reply<()>,
    },
    /// Answered when that message is no longer waiting.
    AwaitMessage {
        message: MessageId,
        reply: Reply<()>,
    },
}

/// News of work that the actor began and did not wait for.
pub(crate) enum News {
    /// It is this session's turn to dial after a start; the permit is held until it is online or has failed.
    Turn(OwnedSemaphorePermit),
    /// The network answered a request for a pairing code.
    Code { request: u64, result: Result<IssuedCode, EngineError> },
    /// The first message of a chat was dealt with.
    Sent { opened: u64, chat: Jid, outcome: SendOutcome },
}

/// What became of a message.
pub(crate) enum SendOutcome {
    /// Acknowledged or refused for good, and stored as such.
    Settled,
    /// It did not leave; it goes again, on this connection or the next.
    NotSent,
    /// Nobody knows; it goes again under the same id on the next connection.
    Unknown,
}
