//! Doing what `enlace_domain::session::decide` says about each ask.

use super::Worker;
use crate::actor::events;
use crate::actor::message::{Ask, Reply};
use crate::error::{GatewayError, LinkFailure};
use crate::ops::link::{LinkAsk, Outcome};
use crate::ops::patch_session::PatchSession;
use enlace_domain::address::PhoneNumber;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::session::{
    self, Decision, Desired, Facts, LinkDecision, RemoteUnlink, Session, SessionState, StateName, decide,
    decide_link,
};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a connection gets to end in order when telling the network took all of a deletion's time.
const CLOSE_AT_LEAST: Duration = Duration::from_millis(500);

impl Worker {
    /// Does an ask; breaks when the session is gone.
    pub(super) async fn on_ask(&mut self, ask: Ask) -> ControlFlow<()> {
        self.fault = None;
        match ask {
            Ask::Link { ask, reply } => self.on_link(ask, reply).await,
            Ask::Start { reply } => self.on_desire(session::Ask::Start, reply).await,
            Ask::Stop { reply } => self.on_desire(session::Ask::Stop, reply).await,
            Ask::Restart { reply } => self.on_desire(session::Ask::Restart, reply).await,
            Ask::Logout { reply } => self.on_desire(session::Ask::Logout, reply).await,
            Ask::Delete { keep_link, reply } => return self.on_delete(keep_link, reply).await,
            Ask::AnswerPasskey { assertion, reply } => self.answer_passkey(assertion, reply),
            Ask::ConfirmPasskey { reply } => self.confirm_passkey(Some(reply)),
            Ask::CheckNumbers { numbers, reply } => self.check_numbers(numbers, reply),
            Ask::Patch { patch, reply } => self.on_patch(patch, reply).await,
            Ask::Told { device, outcome, last, reply } => {
                self.on_told(device, outcome, last).await;
                let _ = reply.send(self.take_fault().map_or(Ok(()), |fault| Err(fault.into())));
            }
            Ask::Send { message, slot, reply } => self.accept(message, slot, reply).await,
            Ask::AwaitMessage { message, reply } => self.await_message(message, reply).await,
        }
        ControlFlow::Continue(())
    }

    fn facts(&self, phone: Option<&PhoneNumber>) -> Facts {
        let window = self.parts().config.watch_window;
        Facts {
            linked: self.session.linked,
            live_code: self.live_code(phone),
            asked_recently: self.asked_at.is_some_and(|at| at.elapsed() <= window),
        }
    }

    async fn on_link(&mut self, ask: LinkAsk, reply: Reply<Outcome>) {
        let (meaning, phone) = match &ask {
            LinkAsk::Look => (session::LinkAsk::Look, None),
            LinkAsk::Qr { force, .. } => (session::LinkAsk::Qr { force: *force }, None),
            LinkAsk::Code { force, phone, .. } => (session::LinkAsk::Code { force: *force }, Some(phone)),
        };
        let decision = decide_link(self.session.state.name, self.facts(phone), meaning);
        let begins = matches!(decision, LinkDecision::Begin | LinkDecision::UnlinkAndBegin);
        if begins && !self.parts().whatsapp.offers(self.session.network) {
            // Before anything is touched: a link that stands must not be lost for one that cannot be made.
            let _ = reply.send(Err(GatewayError::NetworkUnavailable(self.session.network)));
            return;
        }
        self.asked_at = Some(Instant::now());
        if !begins && !matches!(decision, LinkDecision::Refuse(_)) {
            self.expect(&ask).await;
            if let Some(fault) = self.take_fault() {
                let _ = reply.send(Err(fault.into()));
                return;
            }
        }
        match decision {
            LinkDecision::Join => self.want(ask, Some(reply)),
            LinkDecision::AddCode | LinkDecision::ReturnCode | LinkDecision::ReplaceCode => {
                self.want(ask, Some(reply));
                self.request_code();
            }
            LinkDecision::Begin => self.begin_link(ask, Some(reply)).await,
            LinkDecision::UnlinkAndBegin => {
                self.unlink("forced").await;
                self.begin_link(ask, Some(reply)).await;
            }
            LinkDecision::Refuse(refusal) => drop(reply.send(Err(refusal.into()))),
        }
    }

    /// Who joins a link may say which phone it is to be; that is stored before anything is handed out.
    async fn expect(&mut self, ask: &LinkAsk) {
        if let Some(phone) = ask.expect_phone()
            && self.session.expect_phone.as_ref() != Some(phone)
        {
            self.session.expect_phone = Some(phone.clone());
            self.save(vec![]).await;
        }
    }

    async fn on_desire(&mut self, ask: session::Ask, reply: Reply<Arc<Session>>) {
        let decision = decide(self.session.state.name, self.facts(None), ask);
        if let Decision::Refuse(refusal) = decision {
            let _ = reply.send(Err(refusal.into()));
            return;
        }
        let dials = matches!(
            decision,
            Decision::BeginLink | Decision::RestartLink | Decision::Connect | Decision::Reconnect
        );
        if dials && !self.parts().whatsapp.offers(self.session.network) {
            let _ = reply.send(Err(GatewayError::NetworkUnavailable(self.session.network)));
            return;
        }
        self.apply(decision).await;
        self.answer(reply);
    }

    async fn apply(&mut self, decision: Decision) {
        match decision {
            Decision::BeginLink => {
                self.asked_at = Some(Instant::now());
                self.begin_link(LinkAsk::Look, None).await;
            }
            Decision::Connect | Decision::Reconnect => {
                self.session.desired = Desired::Running;
                self.attempt = 0;
                self.close_connection().await;
                self.rest(StateName::Connecting, "asked").await;
                self.log_in().await;
            }
            Decision::RestartLink => {
                self.asked_at = Some(Instant::now());
                let expect_phone = self.session.expect_phone.clone();
                self.begin_link(LinkAsk::Qr { force: false, expect_phone }, None).await;
            }
            Decision::Stop => {
                self.drop_link(&LinkFailure::Interrupted);
                self.close_connection().await;
                self.session.desired = Desired::Stopped;
                self.rest(StateName::Stopped, "asked").await;
            }
            Decision::Unlink => {
                self.session.expect_phone = None;
                self.unlink("asked").await;
            }
            Decision::AbandonLink => {
                self.session.expect_phone = None;
                self.drop_link(&LinkFailure::Interrupted);
                self.close_connection().await;
                let state = SessionState::plain(StateName::Unlinked, self.now()).because("link-abandoned");
                self.change_state(state).await;
            }
            _ => {}
        }
    }

    /// The record as it is now, or what kept it from being stored.
    fn answer(&mut self, reply: Reply<Arc<Session>>) {
        let answer = match self.take_fault() {
            Some(fault) => Err(fault.into()),
            None => Ok(self.record()),
        };
        let _ = reply.send(answer);
    }

    async fn on_delete(&mut self, keep_link: bool, reply: Reply<()>) -> ControlFlow<()> {
        let deadline = Instant::now() + self.parts().config.unlink_within;
        self.drop_link(&LinkFailure::Interrupted);
        let told =
            if self.session.linked && !keep_link { self.tell_unlink().await } else { RemoteUnlink::Done };
        // What a connection still flushes after its session is gone finds no keys to write to.
        let left = deadline.saturating_duration_since(Instant::now());
        self.close_connection_within(left.max(CLOSE_AT_LEAST)).await;
        let event = events::deleted(&self.session.id, self.now());
        let change = Change::DeleteSession(self.session.id.clone());
        let mut entries = self.take_untold();
        if told == RemoteUnlink::Pending {
            let retire = self.retire_device().await.map(|change| Entry { change, event: None });
            entries.extend(retire);
        }
        entries.push(Entry { change, event: Some(event) });
        match self.parts().store.commit(entries).await {
            Ok(_) => {
                self.shared.retired.notify_one();
                let _ = reply.send(Ok(()));
                ControlFlow::Break(())
            }
            Err(error) => {
                let _ = reply.send(Err(error.into()));
                self.rest(StateName::Stopped, "delete-failed").await;
                ControlFlow::Continue(())
            }
        }
    }

    async fn on_patch(&mut self, patch: PatchSession, reply: Reply<Arc<Session>>) {
        if let Some(name) = patch.name {
            self.session.name = name;
        }
        if let Some(metadata) = patch.metadata {
            self.session.metadata = metadata;
        }
        patch.settings.apply(&mut self.session.settings);
        let proxied_anew = patch.proxy.is_some_and(|proxy| {
            let differs = proxy != self.session.proxy;
            self.session.proxy = proxy;
            differs
        });
        self.save(vec![]).await;
        if proxied_anew && self.live.is_some() {
            // What is open goes another way than the operator now wants.
            self.close_connection().await;
            self.on_lost("proxy-changed").await;
        }
        self.answer(reply);
    }
}
