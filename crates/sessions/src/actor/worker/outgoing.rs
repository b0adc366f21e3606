//! Sending: one message of a chat at a time, several chats at once; never `sent` before the server's ack.

use super::Worker;
use crate::actor::handle::OutboxSlot;
use crate::actor::message::{News, Reply, SendOutcome};
use crate::gateway::GatewayParts;
use enlace_domain::address::{Jid, Person};
use enlace_domain::event::EventType;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::port::whatsapp::{Connection, Outgoing, SendError};
use enlace_domain::session::StateName;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a message that did not leave waits on the same connection; doubles.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// How often that doubles.
const TRIES_DOUBLING: u32 = 6;

impl Worker {
    /// Takes a stored message and sends it as soon as its chat is free.
    pub(super) async fn accept(&mut self, message: Box<Message>, slot: OutboxSlot, reply: Reply<()>) {
        let chat = message.chat.clone();
        // What an earlier process left is older and goes first.
        self.load_outbox().await;
        self.outbox.push(message, Some(slot), Some(reply));
        if self.session.state.name == StateName::Online
            && let Some(message) = self.outbox.take_ready_in(&chat)
        {
            self.send(message);
        }
    }

    /// Lets someone wait for a message: one in the outbox, one stored a moment ago that is still on its way in here,
    /// or one that is dealt with already.
    pub(super) async fn await_message(&mut self, id: MessageId, reply: Reply<()>) {
        let Some(reply) = self.outbox.wait_for(&id, reply) else { return };
        match self.parts().store.message(&self.session.id, &id).await {
            Ok(Some(message)) if message.status == Status::Queued => self.outbox.expect(id, reply),
            _ => drop(reply.send(Ok(()))),
        }
    }

    /// Messages that an earlier process stored and did not send. They are older than anything accepted since.
    pub(super) async fn load_outbox(&mut self) {
        if self.outbox_loaded {
            return;
        }
        match self.parts().store.queued_messages(&self.session.id).await {
            Ok(messages) => {
                self.outbox_loaded = true;
                for message in messages {
                    self.outbox.push(Box::new(message), None, None);
                }
            }
            Err(error) => {
                tracing::error!(session = %self.session.id, %error, "waiting messages cannot be read");
            }
        }
    }

    /// Sends the next message of every chat that has none under way.
    pub(super) fn send_ready(&mut self) {
        if self.session.state.name != StateName::Online {
            return;
        }
        for message in self.outbox.take_ready() {
            self.send(message);
        }
    }

    fn send(&mut self, message: Message) {
        let chat = message.chat.clone();
        let Some(live) = &self.live else {
            self.outbox.retry_later(&chat);
            return;
        };
        let connection = Arc::clone(&live.connection);
        let shared = Arc::clone(&self.shared);
        let tell = self.tell.clone();
        let opened = self.opened;
        tokio::spawn(async move {
            let outcome = deliver(&*connection, &shared.parts, message).await;
            let _ = tell.send(News::Sent { opened, chat, outcome });
        });
    }

    /// The first message of a chat was dealt with, or not.
    pub(super) async fn on_sent(&mut self, opened: u64, chat: &Jid, outcome: SendOutcome) {
        match outcome {
            SendOutcome::Settled => self.outbox.settle(chat),
            SendOutcome::NotSent => {
                let tries = self.outbox.retry_later(chat);
                let delay = TRY_AGAIN * 2_u32.pow(tries.min(TRIES_DOUBLING));
                self.outbox_retry_at = Some(Instant::now() + delay);
                return;
            }
            SendOutcome::Unknown => {
                self.outbox.retry_later(chat);
                if opened != self.opened {
                    // The connection it left on is gone, and the one after it may be online already.
                    self.outbox_retry_at = Some(Instant::now());
                } else if self.session.state.name == StateName::Online {
                    // A connection that swallows acknowledgements is not to be trusted with a repetition.
                    self.close_connection().await;
                    self.plan_reconnect("ack-missing").await;
                }
                return;
            }
        }
        if self.session.state.name == StateName::Online
            && let Some(message) = self.outbox.take_ready_in(chat)
        {
            self.send(message);
        }
    }
}

/// Sends and stores what became of it.
async fn deliver(connection: &dyn Connection, parts: &GatewayParts, message: Message) -> SendOutcome {
    let outgoing = Outgoing { wa_id: message.wa_id.clone(), to: message.chat, content: message.content };
    let (status, tells, error) = match connection.send(&outgoing).await {
        Ok(()) => (Status::Sent, EventType::MessageSent, None),
        Err(SendError::NotSent(error)) => {
            tracing::debug!(session = %message.session, message = %message.id, %error, "a message did not leave yet");
            return SendOutcome::NotSent;
        }
        Err(SendError::Unknown) => return SendOutcome::Unknown,
        Err(SendError::Refused { reason }) => (Status::Failed, EventType::MessageStatus, Some(reason)),
        Err(SendError::UnknownRecipient) => {
            (Status::Failed, EventType::MessageStatus, Some("unknown-recipient".to_owned()))
        }
    };
    let mut entries = Vec::new();
    if status == Status::Sent {
        entries.extend(learnt(parts, &message.session, &message.chat_person).await);
    }
    let change = Change::AdvanceStatus {
        session: message.session.clone(),
        wa_ids: vec![message.wa_id],
        status,
        error,
        tells,
        at: parts.clock.now(),
    };
    entries.push(Entry { change, event: None });
    match parts.store.commit(entries).await {
        Ok(_) => SendOutcome::Settled,
        Err(error) => {
            // Sent but not stored as sent: it goes again under the same id, which the network does not double.
            tracing::error!(session = %message.session, message = %message.id, %error, "a sent message could not be marked");
            SendOutcome::NotSent
        }
    }
}

/// The first message to somebody teaches the session their other address; the chat gets to know it with the status.
async fn learnt(parts: &GatewayParts, session: &SessionId, person: &Person) -> Option<Entry> {
    let known = person.preferred().filter(|_| person.pn.is_none() || person.lid.is_none())?;
    let person = parts.whatsapp.person(session, known).await.ok()?;
    (person.pn.is_some() && person.lid.is_some())
        .then(|| Entry { change: Change::LearnPerson { session: session.clone(), person }, event: None })
}
