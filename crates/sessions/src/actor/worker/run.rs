//! The loop: one thing at a time, in the order it comes.

use super::Worker;
use super::connection::Live;
use super::link::LinkFlow;
use crate::actor::message::{Ask, News};
use crate::error::LinkFailure;
use enlace_domain::port::inbox::ConnectionEvent;
use enlace_domain::session::{PairingStep, StateName};
use std::ops::{ControlFlow, RangeInclusive};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often an online session's traffic is looked at: a quarter of the proof window, within these bounds.
const PROOF_EVERY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(15);

impl Worker {
    /// Runs until the session is deleted or the gateway stops.
    pub(in crate::actor) async fn run(mut self, asks: &mut mpsc::Receiver<Ask>, stop: &CancellationToken) {
        self.begin().await;
        loop {
            let deadline = self.next_deadline();
            let flow = tokio::select! {
                () = stop.cancelled() => {
                    self.close_connection().await;
                    ControlFlow::Break(())
                }
                event = next_word(&mut self.live) => {
                    self.on_connection(event).await;
                    ControlFlow::Continue(())
                }
                Some(news) = self.news.recv() => {
                    self.on_news(news).await;
                    ControlFlow::Continue(())
                }
                ask = asks.recv() => match ask {
                    Some(ask) => self.on_ask(ask).await,
                    None => ControlFlow::Break(()),
                },
                () = sleep_until(deadline) => {
                    self.on_deadline().await;
                    ControlFlow::Continue(())
                }
            };
            if flow.is_break() {
                return;
            }
        }
    }

    async fn on_news(&mut self, news: News) {
        match news {
            News::Turn(turn) => {
                // Someone may have stopped or started it meanwhile: then the turn is for another.
                if self.waits_for_turn() {
                    self.turn = Some(turn);
                    self.log_in().await;
                }
            }
            News::Code { request, result } => self.on_code(request, result).await,
            News::Sent { opened, chat, outcome } => self.on_sent(opened, &chat, outcome).await,
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let proof = (self.session.state.name == StateName::Online).then(|| self.proof_at()).flatten();
        let planned = [
            self.dial_at,
            self.code_ends_at(),
            self.outbox_retry_at,
            proof,
            self.settle_by,
            self.save_again_at,
        ];
        planned.into_iter().chain([self.watch_ends()]).flatten().min()
    }

    /// When the live code ends. While a passkey is asked for it has served: what is left of its time is no measure.
    fn code_ends_at(&self) -> Option<Instant> {
        let wish = self.link.as_ref()?.code.as_ref()?;
        wish.ends_at.filter(|_| self.session.state.name != StateName::AwaitingPasskey)
    }

    fn proof_at(&self) -> Option<Instant> {
        let every = (self.parts().config.proof_window / 4).clamp(*PROOF_EVERY.start(), *PROOF_EVERY.end());
        self.live.as_ref().map(|live| live.looked_at + every)
    }

    async fn on_deadline(&mut self) {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.dial_at) {
            self.dial_at = None;
            self.dial().await;
        }
        if due(self.code_ends_at()) {
            self.on_code_expired().await;
        }
        if due(self.outbox_retry_at) {
            self.outbox_retry_at = None;
            self.send_ready();
        }
        if due(self.save_again_at) {
            self.save_again_at = None;
            self.save(vec![]).await;
        }
        if due(self.settle_by) {
            self.on_unsettled().await;
        }
        if due(self.watch_ends()) {
            self.end_link("nobody-watching", LinkFailure::Expired).await;
        }
        if self.session.state.name == StateName::Online && due(self.proof_at()) {
            self.look_for_proof().await;
        }
    }

    /// A connection that neither gets on nor ends is given up: no state on the way to another lasts for ever.
    async fn on_unsettled(&mut self) {
        self.settle_by = None;
        let state = &self.session.state;
        if state.name == StateName::AwaitingPasskey {
            let word = "passkey-timeout";
            return self.end_link(word, LinkFailure::Failed(word.to_owned())).await;
        }
        if self.link.as_ref().is_some_and(LinkFlow::has_live_code) {
            // Somebody may be typing it; its own end is planned.
            return;
        }
        if state.step == Some(PairingStep::Accepted) {
            self.close_connection().await;
            return self.on_restart_required().await;
        }
        let reason = if self.session.linked { "login-timeout" } else { "no-qr-from-network" };
        self.close_connection().await;
        self.on_lost(reason).await;
    }

    /// Truth comes from traffic: a socket that is up but silent is not online.
    async fn look_for_proof(&mut self) {
        let Some(live) = &mut self.live else { return };
        live.looked_at = Instant::now();
        let silent = live.connection.idle_seconds().unwrap_or_default();
        self.publish();
        if Duration::from_secs(silent) > self.parts().config.proof_window {
            self.rest(StateName::Stalled, "no-traffic").await;
            self.close_connection().await;
            self.plan_reconnect("stalled").await;
        }
    }
}

/// The next word of the connection; a connection that vanished without a last word has ended.
async fn next_word(live: &mut Option<Live>) -> Option<ConnectionEvent> {
    match live {
        Some(live) => live.words.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
