//! The link under way: its QRs, its rounds, and those who wait for the first one.

use super::Worker;
use super::code::CodeWish;
use crate::actor::events;
use crate::actor::message::Reply;
use crate::error::{GatewayError, LinkFailure};
use crate::ops::get_passkey::Passkey;
use crate::ops::link::{LinkAsk, Outcome};
use chrono::TimeDelta;
use enlace_domain::link::Qr;
use enlace_domain::port::store::{Change, StoreError};
use enlace_domain::session::{Desired, SessionState, StateName};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a link's connection may be lost, or fail to come up, before the link is given up.
const DIALS: u32 = 4;
/// First delay between two dials of a link; doubles.
const DIAL_AGAIN: Duration = Duration::from_millis(250);

/// Longest delay between two dials of a link.
const DIAL_AGAIN_MAX: Duration = Duration::from_secs(10);

/// A link under way, until the phone accepts or it is given up.
pub(super) struct LinkFlow {
    rounds_left: u32,
    failed_dials: u32,
    /// QRs shown on this connection.
    shown: u32,
    /// The refs of this connection are used up; it lives on for the pairing code.
    exhausted: bool,
    pub(super) qr: Option<Arc<Qr>>,
    pub(super) waiters: Vec<Reply<Outcome>>,
    pub(super) code: Option<CodeWish>,
    /// Asked on this connection.
    pub(super) passkey: Option<Arc<Passkey>>,
}

impl LinkFlow {
    fn new(rounds: u32) -> Self {
        Self {
            rounds_left: rounds.saturating_sub(1),
            failed_dials: 0,
            shown: 0,
            exhausted: false,
            qr: None,
            waiters: Vec::new(),
            code: None,
            passkey: None,
        }
    }

    /// Whether someone still waits for a QR.
    pub(super) fn is_awaited(&self) -> bool {
        self.waiters.iter().any(|waiter| !waiter.is_closed())
    }

    /// Whether a code can be typed now.
    pub(super) fn has_live_code(&self) -> bool {
        self.code.as_ref().is_some_and(|wish| wish.live.is_some())
    }
}

impl Worker {
    /// Opens a fresh link. Keys of an unlinked attempt are thrown away; a linked session must have been unlinked.
    pub(super) async fn begin_link(&mut self, ask: LinkAsk, reply: Option<Reply<Outcome>>) {
        self.drop_link(&LinkFailure::Interrupted);
        self.close_connection().await;
        self.session.desired = Desired::Running;
        self.session.linked = false;
        if !matches!(ask, LinkAsk::Look) {
            // Who merely looks has said nothing about the phone that is expected.
            self.session.expect_phone = ask.expect_phone().cloned();
        }
        let rounds = self.session.settings.link_max_rounds.unwrap_or(self.parts().config.link_max_rounds);
        self.link = Some(LinkFlow::new(rounds));
        self.want(ask, reply);
        self.begin_round("asked").await;
    }

    /// Lets an asker have what it asks for as soon as it is there.
    pub(super) fn want(&mut self, ask: LinkAsk, reply: Option<Reply<Outcome>>) {
        let now = self.now();
        let Some(flow) = &mut self.link else { return };
        match ask {
            LinkAsk::Look | LinkAsk::Qr { .. } => {
                let Some(reply) = reply else { return };
                if flow.exhausted && flow.code.as_ref().is_some_and(CodeWish::is_open) {
                    let reason = Some("refs-used-up-while-a-code-lives".to_owned());
                    let _ = reply.send(Err(GatewayError::NoQr { reason }));
                    return;
                }
                match flow.qr.clone().filter(|qr| qr.expires_at > now) {
                    Some(qr) => drop(reply.send(Ok(Outcome::Qr(qr)))),
                    None => flow.waiters.push(reply),
                }
            }
            LinkAsk::Code { phone, custom, .. } => self.want_code(phone, custom, reply),
        }
    }

    /// A fresh connection with fresh keys: one round.
    async fn begin_round(&mut self, reason: &str) {
        self.session.round_count += 1;
        // A session's first round finds its key store empty.
        let wipe = (self.session.round_count > 1).then(|| Change::WipeKeys(self.session.id.clone()));
        let state = SessionState::plain(StateName::Connecting, self.now()).because(reason);
        self.change_state_with(wipe.into_iter().collect(), vec![], state).await;
        if self.is_saved() {
            self.dial_link().await;
        } else {
            // Keys of an earlier attempt may still be there.
            let full = matches!(self.take_fault(), Some(StoreError::Full));
            self.end_link("storage-failed", LinkFailure::Storage { full }).await;
        }
    }

    /// Opens the connection of the link under way.
    pub(super) async fn dial_link(&mut self) {
        if let Some(flow) = &mut self.link {
            flow.shown = 0;
            flow.exhausted = false;
            flow.passkey = None;
            self.open(false).await;
            self.request_code();
        }
    }

    /// A QR arrived: everybody who waits gets it at once, the event follows.
    pub(super) async fn on_qr(&mut self, payload: SecretString, valid_for: Duration) {
        let asks_for_passkey = self.session.state.name == StateName::AwaitingPasskey;
        let watched = self.is_watched() || asks_for_passkey;
        let now = self.now();
        let Some(flow) = &mut self.link else { return };
        if flow.shown > 0 && !watched && flow.code.is_none() {
            return self.end_link("nobody-watching", LinkFailure::Expired).await;
        }
        flow.shown += 1;
        flow.failed_dials = 0;
        self.session.qr_count += 1;
        let qr = Arc::new(Qr {
            seq: self.session.qr_count,
            round: self.session.round_count,
            payload,
            issued_at: now,
            expires_at: now + TimeDelta::from_std(valid_for).unwrap_or_default(),
        });
        flow.qr = Some(Arc::clone(&qr));
        let waiters = std::mem::take(&mut flow.waiters);
        let awaiting = if flow.has_live_code() { StateName::AwaitingCode } else { StateName::AwaitingScan };
        if !asks_for_passkey {
            self.expect_more();
        }
        let connecting = self.session.state.name == StateName::Connecting;
        let entered = connecting.then(|| self.enter(SessionState::plain(awaiting, now))).flatten();
        self.publish();
        for waiter in waiters {
            let _ = waiter.send(Ok(Outcome::Qr(Arc::clone(&qr))));
        }
        self.save_entered(vec![events::qr_issued(&self.session.id, &qr)], entered).await;
    }

    /// The refs of this connection are used up.
    pub(super) async fn on_qrs_exhausted(&mut self) {
        let Some(flow) = &mut self.link else { return };
        flow.qr = None;
        flow.exhausted = true;
        if self.session.state.name == StateName::AwaitingPasskey {
            // The connection's end, which follows, ends the passkey too.
            self.publish();
        } else if flow.code.as_ref().is_some_and(CodeWish::is_open) {
            // It lives on for the code.
            self.expect_more();
            self.publish();
        } else {
            self.next_round().await;
        }
    }

    /// If nothing more comes of this connection after the QR on show, the next one will serve.
    fn expect_more(&mut self) {
        let now = self.now();
        let qr = self.link.as_ref().and_then(|flow| flow.qr.as_ref());
        let left = qr.map(|qr| (qr.expires_at - now).to_std().unwrap_or_default());
        let within = left.unwrap_or_default() + self.parts().config.first_qr_within;
        self.settle_by = Some(Instant::now() + within);
    }

    /// The code is dead too: without QRs left on this connection the round is over. A passkey that is asked for has an end
    /// of its own.
    pub(super) async fn after_code(&mut self) {
        let Some(flow) = &self.link else { return };
        if self.session.state.name == StateName::AwaitingPasskey {
            self.save(vec![]).await;
        } else if flow.exhausted {
            self.next_round().await;
        } else if self.session.state.name == StateName::AwaitingCode {
            let name = if flow.qr.is_some() { StateName::AwaitingScan } else { StateName::Connecting };
            if self.live.is_some() {
                self.expect_more();
            }
            self.change_state(SessionState::plain(name, self.now())).await;
        } else {
            self.save(vec![]).await;
        }
    }

    async fn next_round(&mut self) {
        let watched = self.is_watched();
        let Some(flow) = &mut self.link else { return };
        if flow.rounds_left == 0 {
            return self.end_link("round-over", LinkFailure::Expired).await;
        }
        if !watched {
            return self.end_link("nobody-watching", LinkFailure::Expired).await;
        }
        flow.rounds_left -= 1;
        self.close_connection().await;
        self.begin_round("next-round").await;
    }

    /// A phone accepted in vain. The first attempt often fails and the second works: while the connection lives on, its
    /// next QR and its code serve that one, and the state says what became of this one.
    pub(super) async fn on_pair_failed(&mut self, reason: &str, lives_on: bool) {
        let now = self.now();
        let Some(flow) = &mut self.link else { return };
        flow.passkey = None;
        if !lives_on {
            let failure = match reason {
                "storage-failed" => LinkFailure::Storage { full: false },
                _ => LinkFailure::Failed(reason.to_owned()),
            };
            return self.end_link(reason, failure).await;
        }
        let name = match &flow.qr {
            _ if flow.has_live_code() => StateName::AwaitingCode,
            Some(_) => StateName::AwaitingScan,
            None => StateName::Connecting,
        };
        self.expect_more();
        self.change_state(SessionState::plain(name, now).because(reason)).await;
    }

    /// The connection of the link under way is gone. QRs die with it; a code is asked for again.
    pub(super) async fn on_link_lost(&mut self, reason: &str) {
        let now = self.now();
        let Some(flow) = &mut self.link else { return };
        flow.qr = None;
        flow.passkey = None;
        flow.failed_dials += 1;
        if flow.exhausted && self.session.state.name == StateName::AwaitingPasskey {
            // The library hangs up with the last QR, and the passkey's time is over with it.
            let word = "passkey-timeout";
            return self.end_link(word, LinkFailure::Failed(word.to_owned())).await;
        }
        let hopeless = matches!(reason, "certificate-refused" | "proxy-auth-required");
        // A code that somebody may be typing right now is worth dialling for as long as it lives.
        if hopeless || (flow.failed_dials >= DIALS && !flow.has_live_code()) {
            let failure = LinkFailure::Unreachable(reason.to_owned());
            let word = if hopeless || reason.starts_with("proxy-") { reason } else { "network-unreachable" };
            return self.end_link(word, failure).await;
        }
        let delay = (DIAL_AGAIN * 2_u32.pow(flow.failed_dials.min(10) - 1)).min(DIAL_AGAIN_MAX);
        self.dial_at = Some(Instant::now() + delay);
        self.change_state(SessionState::plain(StateName::Connecting, now).because(reason)).await;
    }

    /// Gives the link up: the session rests in `link_expired`, and nobody waits any longer.
    pub(super) async fn end_link(&mut self, reason: &str, failure: LinkFailure) {
        self.drop_link(&failure);
        self.close_connection().await;
        self.rest(StateName::LinkExpired, reason).await;
    }

    /// Lets go of the link under way and tells those who wait. The state is the caller's business.
    pub(super) fn drop_link(&mut self, failure: &LinkFailure) {
        self.dial_at = None;
        let Some(flow) = self.link.take() else { return };
        let code_waiters = flow.code.map(|wish| self.bury(wish, failure.word())).unwrap_or_default();
        for waiter in flow.waiters.into_iter().chain(code_waiters) {
            let _ = waiter.send(Err(failure.clone().into()));
        }
        self.publish();
    }
}
