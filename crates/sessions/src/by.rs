//! Use cases done by somebody, for the audit log.

use crate::keys::Secret;
use crate::{Gateway, GatewayError, LinkAnswer, LinkRequest, PatchSession};
use enlace_domain::audit::{AuditAction, AuditRecord, Who};
use enlace_domain::event::{Event, EventType};
use enlace_domain::id::SessionId;
use enlace_domain::link::Qr;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::port::whatsapp::PasskeyAssertion;
use enlace_domain::session::ask::LiveCode;
use enlace_domain::session::{Ask, Decision, Facts, Session, StateName, decide};
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

    /// [`Gateway::qr`], with a record of the ask when it begins a link, and one when this key reads the QRs of this round
    /// for the first time.
    pub async fn qr(&self, id: &SessionId, wait: Duration) -> Result<Arc<Qr>, GatewayError> {
        let session = self.gateway.session(id)?.session;
        // Where nothing can begin, nothing is asked of the network.
        let offered = self.gateway.parts.whatsapp.offers(session.network);
        let before = session.state.name;
        let look = || self.record(AuditAction::LinkAsked).session(id).data(json!({ "method": "look" }));
        if offered && matches!(before, StateName::Unlinked | StateName::LoggedOut) {
            self.note_soon(look());
        }
        let answer = self.gateway.qr(id, wait).await;
        // A finished round begins again only when nobody asked for a while; the answer tells.
        if offered && before == StateName::LinkExpired && !matches!(answer, Err(GatewayError::Refused(_))) {
            self.note_soon(look());
        }
        let qr = answer?;
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

    /// [`Gateway::answer_passkey`], with a record of the ask.
    pub async fn answer_passkey(
        &self,
        id: &SessionId,
        assertion: PasskeyAssertion,
    ) -> Result<(), GatewayError> {
        self.note_ask(id, AuditAction::PasskeyAnswered)?;
        self.gateway.answer_passkey(id, assertion).await
    }

    /// [`Gateway::confirm_passkey`], with a record of the ask.
    pub async fn confirm_passkey(&self, id: &SessionId) -> Result<(), GatewayError> {
        self.note_ask(id, AuditAction::PasskeyConfirmed)?;
        self.gateway.confirm_passkey(id).await
    }

    /// [`Gateway::start_session`], with a record of the ask.
    pub async fn start_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.note_desire(id, Ask::Start, AuditAction::SessionStarted)?;
        self.gateway.start_session(id).await
    }

    /// [`Gateway::stop_session`], with a record of the ask.
    pub async fn stop_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.note_desire(id, Ask::Stop, AuditAction::SessionStopped)?;
        self.gateway.stop_session(id).await
    }

    /// [`Gateway::restart_session`], with a record of the ask.
    pub async fn restart_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.note_desire(id, Ask::Restart, AuditAction::SessionRestarted)?;
        self.gateway.restart_session(id).await
    }

    /// [`Gateway::patch_session`], with a record when it is given another proxy. Which one is in no record: its address
    /// may hold a user and a password.
    pub async fn patch_session(
        &self,
        id: &SessionId,
        patch: PatchSession,
    ) -> Result<Arc<Session>, GatewayError> {
        let session = self.gateway.session(id)?.session;
        let changed = patch.proxy.as_ref().filter(|proxy| **proxy != session.proxy).map(Option::is_some);
        let patched = self.gateway.patch_session(id, patch).await?;
        if let Some(proxy) = changed {
            let changed = self.record(AuditAction::ProxyChanged).session(id);
            self.note_soon(changed.data(json!({ "proxy": proxy })));
        }
        Ok(patched)
    }

    /// [`Gateway::logout_session`], with a record.
    pub async fn logout_session(&self, id: &SessionId) -> Result<Arc<Session>, GatewayError> {
        self.note_ask(id, AuditAction::SessionLoggedOut)?;
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

    /// Notes what is asked of a session. Before it is done: who hangs up in the middle has asked all the same.
    fn note_ask(&self, id: &SessionId, action: AuditAction) -> Result<(), GatewayError> {
        self.gateway.session(id)?;
        self.note_soon(self.record(action).session(id));
        Ok(())
    }

    /// The same of an ask that may find everything as it is to be: then there is nothing to tell.
    fn note_desire(&self, id: &SessionId, ask: Ask, action: AuditAction) -> Result<(), GatewayError> {
        let session = self.gateway.session(id)?.session;
        let facts = Facts { linked: session.linked, live_code: LiveCode::None, asked_recently: false };
        if decide(session.state.name, facts, ask) != Decision::Nothing {
            self.note_soon(self.record(action).session(id));
        }
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
