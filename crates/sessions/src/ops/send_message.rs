//! Sends a message: stored first with its WhatsApp id fixed, then sent in order per chat, answered after the
//! server's acknowledgement or, when that takes longer than `wait`, as queued.

use crate::actor::message::Ask;
use crate::to_the_end::to_the_end;
use crate::{Gateway, GatewayError};
use enlace_domain::address::{Jid, Person};
use enlace_domain::id::{MessageId, SessionId};
use enlace_domain::message::{Content, Message, Status, TEXT_MAX_BYTES, Waiting};
use enlace_domain::port::store::{Change, Entry, IdempotencyKey};
use enlace_domain::session::ask::LiveCode;
use enlace_domain::session::{self, Facts, Session, StateName, decide};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What to send.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where to.
    pub to: Jid,
    /// What.
    pub content: Content,
    /// How long to wait for the acknowledgement.
    pub wait: Duration,
    /// The caller's key and the SHA-256 of the request it stands for.
    pub idempotency: Option<(String, [u8; 32])>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct SendAnswer {
    /// The message as stored now.
    pub message: Message,
    /// Why it is not sent yet, when it is not.
    pub waiting: Option<Waiting>,
}

impl Gateway {
    /// Stores and sends. Errors: `link-required`, `invalid-field`, `idempotency-mismatch`, `outbox-full`,
    /// `message-refused`.
    pub async fn send_message(
        &self,
        id: &SessionId,
        request: SendMessage,
    ) -> Result<SendAnswer, GatewayError> {
        check_content(&request.content)?;
        let deadline = Instant::now() + request.wait;
        let handle = self.registry.handle(id)?;
        let session = handle.snapshot().session;
        let facts = Facts { linked: session.linked, live_code: LiveCode::None, asked_recently: false };
        let decision = decide(session.state.name, facts, session::Ask::Send);
        if let session::Decision::Refuse(refusal) = decision {
            return Err(refusal.into());
        }
        let slot = handle.reserve_outbox_slot()?;
        let message = self.queued(&session, &request).await;
        let idempotency = request.idempotency.map(|(key, fingerprint)| IdempotencyKey {
            key,
            fingerprint,
            expires_at: message.at + self.parts.config.idempotency_window,
        });
        let change = Change::QueueMessage { message: Box::new(message.clone()), idempotency };
        let store = Arc::clone(&self.parts.store);
        let (message_id, sent) = to_the_end(async move {
            let committed = store.commit(vec![Entry { change, event: None }]).await?;
            let earlier = committed.into_iter().next().and_then(|outcome| outcome.earlier);
            let message_id = earlier.clone().unwrap_or_else(|| message.id.clone());
            // From here on it is stored. An actor that is busy, or gone, takes it from the store later.
            let sent = tokio::spawn(async move {
                handle
                    .ask(|reply| match earlier {
                        Some(message) => Ask::AwaitMessage { message, reply },
                        None => Ask::Send { message: Box::new(message), slot, reply },
                    })
                    .await
            });
            Ok((message_id, sent))
        })
        .await?;
        // The time-out is an answer too: the message stays queued and goes on without us.
        let _ = tokio::time::timeout_at(deadline, sent).await;
        self.answer(id, &message_id).await
    }

    async fn queued(&self, session: &Session, request: &SendMessage) -> Message {
        let person = self.person(&session.id, &request.to).await;
        let own = Person { pn: session.phone.as_ref().map(Jid::phone), lid: session.lid.clone() };
        Message {
            id: MessageId::random(),
            wa_id: self.parts.whatsapp.new_message_id(),
            session: session.id.clone(),
            chat: person.preferred().unwrap_or(&request.to).clone(),
            chat_person: person,
            from: own.preferred().cloned().unwrap_or_else(|| request.to.clone()),
            from_person: own,
            from_me: true,
            push_name: None,
            at: self.parts.clock.now(),
            status: Status::Queued,
            error: None,
            content: request.content.clone(),
        }
    }

    /// Both addresses, where the session has learnt them: what is sent to either belongs to one chat.
    async fn person(&self, session: &SessionId, to: &Jid) -> Person {
        self.parts.whatsapp.person(session, to).await.unwrap_or_else(|error| {
            tracing::warn!(%session, %error, "the other address of a recipient could not be looked up");
            Person::from_jids([to.clone()])
        })
    }

    async fn answer(&self, session: &SessionId, id: &MessageId) -> Result<SendAnswer, GatewayError> {
        let message = self.message(session, id).await?;
        match message.status {
            Status::Failed => {
                let reason = message.error.unwrap_or_else(|| "unknown".to_owned());
                Err(GatewayError::MessageRefused { message: message.id, reason })
            }
            Status::Queued => {
                let state = self.session(session)?.session.state.clone();
                let online = state.name == StateName::Online;
                let reason = if online { "sending" } else { "offline" };
                Ok(SendAnswer {
                    message,
                    waiting: Some(Waiting { reason: reason.to_owned(), until: state.retry_at }),
                })
            }
            // A receipt may have come as fast as the ack. The answer tells of the ack; events tell of the rest.
            _ => Ok(SendAnswer { message: Message { status: Status::Sent, ..message }, waiting: None }),
        }
    }
}

fn check_content(content: &Content) -> Result<(), GatewayError> {
    let message = match content {
        Content::Text(text) if text.trim().is_empty() => {
            "text is empty; write at least one character".to_owned()
        }
        Content::Text(text) if text.len() > TEXT_MAX_BYTES => {
            format!("text is longer than {TEXT_MAX_BYTES} bytes; split it into several messages")
        }
        Content::Text(_) => return Ok(()),
        _ => "this kind of message cannot be sent yet; send {\"text\": …}".to_owned(),
    };
    Err(GatewayError::Invalid { field: "text", message })
}
