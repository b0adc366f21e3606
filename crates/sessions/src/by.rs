//! Use cases done by somebody, for the audit log.

use crate::keys::Secret;
use crate::{Gateway, GatewayError, LinkAnswer, LinkRequest};
use enlace_domain::audit::{AuditAction, AuditRecord, Who};
use enlace_domain::event::{Event, EventType};
use enlace_domain::id::SessionId;
use enlace_domain::link::Qr;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::session::Session;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The use cases that are kept in the audit log, as done by somebody. What is done to keys and its record are stored
/// together; of linking, a record that can't be stored keeps nobody from it.
pub struct By<'g> {
    pub(crate) gateway: &'g Gateway,
    who: &'g Who,
}

impl Gateway {
    /// The use cases that are kept in the audit log, as done by `who`.
    pub fn by<'g>(&'g self, who: &'g Who) -> By<'g> {
        By { gateway: self, who }
    }
}

impl By<'_> {
    /// [`Gateway::link`], with records of the ask and of what is handed out.
    pub async fn link(&self, id: &SessionId, request: LinkRequest) -> Result<LinkAnswer, GatewayError> {
        self.gateway.session(id)?;
        let action = if request.force { AuditAction::LinkForced } else { AuditAction::LinkAsked };
        self.note_soon(self.record(action).session(id).data(json!({ "method": request.method })));
        let answer = self.gateway.link(id, request).await?;
        if let Some(qr) = &answer.qr {
            self.saw(id, Secret::Qr, qr.round);
        }
        if let Some(code) = &answer.code {
            self.saw(id, Secret::Code, code.seq);
        }
        Ok(answer)
    }

    /// [`Gateway::qr`], with a record when this key reads the QRs of this round for the first time.
    pub async fn qr(&self, id: &SessionId, wait: Duration) -> Result<Arc<Qr>, GatewayError> {
        let qr = self.gateway.qr(id, wait).await?;
        self.saw(id, Secret::Qr, qr.round);
        Ok(qr)
    }

    /// Notes that the secret of an event was read.
    pub fn read_secret(&self, event: &Event) {
        let (secret, number) = match event.kind {
            EventType::SessionQr => (Secret::Qr, "round"),
            EventType::SessionPairingCode => (Secret::Code, "seq"),
            _ => return,
        };
        if let Some(number) = event.data.get(number).and_then(Value::as_u64) {
            self.saw(&event.session, secret, number);
        }
    }

    /// [`Gateway::logout_session`], with a record.
    pub async fn logout_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.gateway.session(id)?;
        self.note_soon(self.record(AuditAction::SessionLoggedOut).session(id));
        self.gateway.logout_session(id).await
    }

    /// [`Gateway::delete_session`], with a record.
    pub async fn delete_session(&self, id: &SessionId, keep_link: bool) -> Result<(), GatewayError> {
        self.gateway.session(id)?;
        let deleted = self.record(AuditAction::SessionDeleted).session(id);
        self.note_soon(deleted.data(json!({ "keep_link": keep_link })));
        self.gateway.delete_session(id, keep_link).await?;
        self.gateway.keys.forget(id);
        Ok(())
    }

    /// A record of an action of theirs, now.
    pub(crate) fn record(&self, action: AuditAction) -> AuditRecord {
        AuditRecord::new(self.who, self.gateway.parts.clock.now(), action)
    }

    /// Notes a secret by the number of its round or its own, once for each key.
    fn saw(&self, session: &SessionId, secret: Secret, number: u64) {
        let action = match secret {
            Secret::Qr => AuditAction::QrRead,
            Secret::Code => AuditAction::CodeIssued,
        };
        if self.gateway.keys.sees_first(self.who.key.as_ref(), session, secret, number) {
            self.note_soon(self.record(action).session(session));
        }
    }

    /// Stores a record beside what goes on: nobody waits for it, and a full disk must not keep anybody from a link.
    pub(crate) fn note_soon(&self, record: AuditRecord) {
        let store = Arc::clone(&self.gateway.parts.store);
        tokio::spawn(async move {
            let action = record.action.as_str();
            if let Err(error) = store.commit(vec![entry(record)]).await {
                tracing::warn!(action, %error, "a record of the audit log could not be stored");
            }
        });
    }
}

/// A record to be stored, perhaps together with what it tells of.
pub(crate) fn entry(record: AuditRecord) -> Entry {
    Entry { change: Change::Audit(Box::new(record)), event: None }
}
