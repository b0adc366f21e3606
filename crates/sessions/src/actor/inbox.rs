//! The inbox of one connection: what must be durable is committed here, before the network is acknowledged; the rest
//! goes to the session's actor, in order. A retired connection's words fall on closed ears.

use super::events;
use async_trait::async_trait;
use enlace_domain::clock::Clock;
use enlace_domain::event::EventType;
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Message, Status};
use enlace_domain::port::inbox::{ConnectionEvent, InboundMessage, Inbox, InboxError, Receipt};
use enlace_domain::port::store::{Change, Entry, Store};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many words of a connection may wait for the actor.
pub(super) const WORDS: usize = 32;

pub(super) struct ConnectionInbox {
    pub(super) session: SessionId,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) words: mpsc::Sender<ConnectionEvent>,
}

impl ConnectionInbox {
    fn entry(&self, inbound: InboundMessage) -> Entry {
        let chat = inbound.chat_person.preferred().unwrap_or(&inbound.chat).clone();
        let from = inbound.from_person.preferred().unwrap_or(&inbound.from).clone();
        let message = Message {
            id: MessageId::random(),
            wa_id: inbound.wa_id,
            session: self.session.clone(),
            chat,
            chat_person: inbound.chat_person,
            from,
            from_person: inbound.from_person,
            from_me: inbound.from_me,
            push_name: inbound.push_name,
            at: inbound.at,
            status: if inbound.from_me { Status::Sent } else { Status::Received },
            error: None,
            content: inbound.content,
        };
        let event = events::message_arrived(&message, self.clock.now());
        Entry { change: Change::ReceiveMessage(Box::new(message)), event: Some(event) }
    }

    fn check_retired(&self) -> Result<(), InboxError> {
        if self.words.is_closed() { Err(InboxError::Retired) } else { Ok(()) }
    }
}

#[async_trait]
impl Inbox for ConnectionInbox {
    async fn connection(&self, event: ConnectionEvent) {
        // Nobody listens any more: the connection was retired.
        let _ = self.words.send(event).await;
    }

    async fn messages(&self, batch: Vec<InboundMessage>) -> Result<(), InboxError> {
        self.check_retired()?;
        let entries = batch.into_iter().map(|inbound| self.entry(inbound)).collect();
        self.store.commit(entries).await.map(drop).map_err(InboxError::Store)
    }

    async fn receipt(&self, receipt: Receipt) -> Result<(), InboxError> {
        self.check_retired()?;
        let advance = |status, tells| Entry {
            change: Change::AdvanceStatus {
                session: self.session.clone(),
                wa_ids: receipt.wa_ids.clone(),
                status,
                error: None,
                tells,
                at: self.clock.now(),
            },
            event: None,
        };
        // A receipt can overtake the ack; it proves that the message was sent, and readers hear that first.
        let entries = vec![
            advance(Status::Sent, EventType::MessageSent),
            advance(receipt.status, EventType::MessageStatus),
        ];
        self.store.commit(entries).await.map(drop).map_err(InboxError::Store)
    }
}
