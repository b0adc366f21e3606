//! What a stored session does when its worker starts: after the gateway's start, or after a panic.

use super::Worker;
use super::connection::VERSION_REFUSED;
use crate::actor::events;
use crate::actor::message::News;
use enlace_domain::session::{Desired, PairingStep, SessionState, StateName};
use std::sync::Arc;

/// Why sessions are dialled or put to rest at a start.
const RESTARTED: &str = "gateway-restarted";

impl Worker {
    /// A linked session that shall run dials when it is its turn; half-done links rest.
    pub(super) async fn begin(&mut self) {
        if !self.parts().whatsapp.offers(self.session.network) {
            if self.session.linked || self.session.state.name.is_linking() {
                self.rest(StateName::Stopped, "network-unavailable").await;
            }
            return;
        }
        let name = self.session.state.name;
        if !self.session.linked && (name.is_linking() || name == StateName::Pairing) {
            self.pick_up_link().await;
        } else if self.session.linked {
            self.first_login = name == StateName::Pairing;
            // Kept until the number is right: whatever happened since the scan, the wrong phone is not forgotten.
            self.unwelcome = self.session.expect_phone.is_some();
        }
        if self.session.linked && self.shall_run() {
            self.resume().await;
        } else if self.session.linked && self.session.desired == Desired::Stopped && !self.rests() {
            // It ended before the stop was seen through.
            self.rest(StateName::Stopped, RESTARTED).await;
        } else if name == StateName::Restricted && !self.session.linked {
            self.wait_for_end_of_restriction();
        }
    }

    /// Whether it was put off until its turn to dial after the start, and still waits for it.
    pub(super) fn waits_for_turn(&self) -> bool {
        let waits = matches!(self.session.state.name, StateName::Connecting | StateName::Pairing);
        waits && self.session.linked && self.shall_run() && self.live.is_none() && self.dial_at.is_none()
    }

    /// Whether its state is one that nothing dials out of by itself.
    fn rests(&self) -> bool {
        matches!(
            self.session.state.name,
            StateName::Stopped | StateName::Replaced | StateName::Restricted | StateName::LoggedOut
        )
    }

    fn shall_run(&self) -> bool {
        let state = &self.session.state;
        let rests = match state.name {
            StateName::Replaced | StateName::LoggedOut => true,
            StateName::Restricted => state.until.is_none() && !self.version_was_refused(),
            _ => false,
        };
        self.session.desired == Desired::Running && !rests
    }

    /// The gateway ended in the middle of a link. If the phone's acceptance reached the key store it counts.
    async fn pick_up_link(&mut self) {
        if self.session.state.name == StateName::AwaitingCode {
            let (seq, round) = (self.session.code_count, self.session.round_count);
            self.also_tell(events::code_dead(&self.session.id, seq, round, RESTARTED, self.now()));
        }
        match self.parts().whatsapp.identity(&self.session.id).await {
            Ok(Some(identity)) => {
                self.session.linked = true;
                self.welcome(identity.phone);
                self.session.lid = identity.lid.or(self.session.lid.take());
                self.first_login = true;
                let state = SessionState::pairing(PairingStep::Connecting, self.now()).because(RESTARTED);
                self.change_state(state).await;
            }
            Ok(None) => self.rest(StateName::LinkExpired, RESTARTED).await,
            Err(error) => {
                tracing::error!(session = %self.session.id, %error, "the key store cannot be read");
                self.rest(StateName::LinkExpired, RESTARTED).await;
            }
        }
    }

    /// A start may bring another version.
    fn version_was_refused(&self) -> bool {
        self.session.state.reason.as_deref() == Some(VERSION_REFUSED)
    }

    async fn resume(&mut self) {
        if !self.version_was_refused() && self.session.state.until.is_some_and(|until| until > self.now()) {
            return self.wait_for_end_of_restriction();
        }
        if self.session.state.name != StateName::Pairing {
            self.rest(StateName::Connecting, RESTARTED).await;
        }
        let turns = Arc::clone(&self.shared.turns);
        let tell = self.tell.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tell.closed() => {}
                turn = turns.acquire_owned() => if let Ok(turn) = turn {
                    // The worker may have ended meanwhile; then the permit is free again.
                    let _ = tell.send(News::Turn(turn));
                },
            }
        });
    }
}
