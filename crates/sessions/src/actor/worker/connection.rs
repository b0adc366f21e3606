//! Opening and closing connections, what is heard on them, and when to dial again.

use super::Worker;
use crate::actor::inbox::WORDS;
use crate::error::LinkFailure;
use chrono::TimeDelta;
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::clock::Timestamp;
use enlace_domain::port::inbox::{ConnectionEvent, EndReason};
use enlace_domain::port::store::Change;
use enlace_domain::port::whatsapp::{Connection, OpenRequest};
use enlace_domain::session::{Desired, PairingStep, SessionState, StateName};
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Longest time to wait for a connection to flush and end; longer than the engine itself allows for it, because the keys
/// may be wiped afterwards.
const CLOSE_WITHIN: Duration = Duration::from_secs(18);
/// When a linked session whose version was refused tries again; doubles with every refusal.
const VERSION_AGAIN: Duration = Duration::from_mins(10);
const VERSION_AGAIN_MAX: Duration = Duration::from_hours(6);
/// The reason of a restriction that ends with the version.
pub(super) const VERSION_REFUSED: &str = "version-refused";
/// A connection that stood this long was good: the next loss begins the back-off anew.
const GOOD_AFTER: Duration = Duration::from_secs(30);

/// The connection that is open now.
pub(super) struct Live {
    pub(super) connection: Arc<dyn Connection>,
    /// What it tells. Dropping this retires the connection: nothing it says later is heard.
    pub(super) words: mpsc::Receiver<ConnectionEvent>,
    /// When its traffic was last looked at.
    pub(super) looked_at: Instant,
    /// Whether it has logged in.
    pub(super) logged_in: bool,
}

impl Worker {
    /// Opens a connection; what comes of it is heard later.
    pub(super) async fn open(&mut self, linked: bool) {
        self.opened += 1;
        self.settle_by = Some(Instant::now() + self.settle_within());
        let (tell, words) = mpsc::channel(WORDS);
        let request = OpenRequest {
            session: self.session.id.clone(),
            network: self.session.network,
            linked,
            mark_online: self.session.settings.mark_online,
            proxy: self.session.proxy.clone(),
        };
        let inbox = self.inbox(tell.clone());
        match self.parts().whatsapp.open(request, inbox).await {
            Ok(connection) => {
                let looked_at = Instant::now();
                self.live = Some(Live { connection, words, looked_at, logged_in: false });
            }
            Err(error) => {
                tracing::warn!(session = %self.session.id, %error, "a connection could not be opened");
                self.live = None;
                let reason = enlace_domain::Fault::code(&error).to_owned();
                Box::pin(self.on_ended(EndReason::Lost { reason })).await;
            }
        }
    }

    /// How long the connection that is open may take until it is of use.
    fn settle_within(&self) -> Duration {
        let config = &self.parts().config;
        if self.session.linked { config.login_within } else { config.first_qr_within }
    }

    /// Ends the connection, if any, and waits until it has flushed: its keys may be wiped afterwards.
    pub(super) async fn close_connection(&mut self) {
        self.close_connection_within(CLOSE_WITHIN).await;
    }

    /// The same, with a bound of its own.
    pub(super) async fn close_connection_within(&mut self, within: Duration) {
        self.dial_at = None;
        self.settle_by = None;
        self.turn = None;
        self.online_since = None;
        let Some(live) = self.live.take() else { return };
        let connection = Arc::clone(&live.connection);
        drop(live);
        if tokio::time::timeout(within, connection.close()).await.is_err() {
            tracing::warn!(session = %self.session.id, "a connection did not end in time");
        }
    }

    /// Dials: the link under way, or a login.
    pub(super) async fn dial(&mut self) {
        if self.link.is_some() {
            self.dial_link().await;
        } else if self.session.linked {
            self.log_in().await;
        } else if self.session.state.name == StateName::Restricted {
            self.rest(StateName::LinkExpired, "restriction-over").await;
        }
    }

    /// Opens a connection with the stored keys.
    pub(super) async fn log_in(&mut self) {
        if self.live.is_some() || !self.session.linked {
            return;
        }
        self.dial_at = None;
        self.open(true).await;
    }

    /// Something was heard; nothing heard means that the connection vanished without a last word.
    pub(super) async fn on_connection(&mut self, event: Option<ConnectionEvent>) {
        let lost = || ConnectionEvent::Ended(EndReason::Lost { reason: "connection-vanished".to_owned() });
        match event.unwrap_or_else(lost) {
            // Its time does not run while others go before it.
            ConnectionEvent::Queued => self.settle_by = None,
            ConnectionEvent::Dialling => self.settle_by = Some(Instant::now() + self.settle_within()),
            ConnectionEvent::Connected => {}
            ConnectionEvent::Qr { payload, valid_for } => self.on_qr(payload, valid_for).await,
            ConnectionEvent::QrsExhausted => self.on_qrs_exhausted().await,
            ConnectionEvent::CodeDead { reason } => self.on_code_dead(&reason).await,
            ConnectionEvent::PasskeyRequested { options } => self.on_passkey_requested(options).await,
            ConnectionEvent::PasskeyCode { code, compare } => self.on_passkey_code(code, compare).await,
            ConnectionEvent::Paired { phone, lid, business_name } => {
                self.on_paired(phone, lid, business_name).await;
            }
            ConnectionEvent::PairFailed { reason, lives_on } => self.on_pair_failed(&reason, lives_on).await,
            ConnectionEvent::PairedUnkept { keys } => self.on_paired_unkept(keys).await,
            ConnectionEvent::LoggedIn => self.on_logged_in().await,
            ConnectionEvent::Online { push_name } => self.on_online(push_name).await,
            ConnectionEvent::PushName(name) => self.on_push_name(name).await,
            ConnectionEvent::Ended(reason) => {
                self.live = None;
                self.on_ended(reason).await;
            }
        }
    }

    async fn on_paired(&mut self, phone: PhoneNumber, lid: Option<Jid>, business_name: Option<String>) {
        self.drop_link(&LinkFailure::Accepted);
        self.session.linked = true;
        self.session.desired = Desired::Running;
        self.welcome(phone);
        if !self.unwelcome {
            self.session.lid = lid;
            self.session.push_name = business_name;
        }
        self.first_login = true;
        self.settle_by = Some(Instant::now() + self.parts().config.restart_within);
        self.change_state(SessionState::pairing(PairingStep::Accepted, self.now())).await;
    }

    /// Takes the number of the phone that accepted, unless another one was expected.
    pub(super) fn welcome(&mut self, phone: PhoneNumber) {
        self.unwelcome =
            self.session.expect_phone.as_ref().is_some_and(|expected| !expected.is_same_line(&phone));
        if !self.unwelcome {
            self.session.expect_phone = None;
            self.session.phone = Some(phone);
        }
    }

    fn note_logged_in(&mut self) {
        if let Some(live) = &mut self.live {
            live.logged_in = true;
        }
    }

    async fn on_logged_in(&mut self) {
        self.note_logged_in();
        if self.unwelcome {
            return self.unlink("unexpected-phone").await;
        }
        if self.session.state.name == StateName::Pairing {
            self.change_state(SessionState::pairing(PairingStep::Syncing, self.now())).await;
        }
    }

    async fn on_online(&mut self, push_name: Option<String>) {
        self.note_logged_in();
        if self.unwelcome {
            return self.unlink("unexpected-phone").await;
        }
        self.turn = None;
        self.settle_by = None;
        self.first_login = false;
        self.online_since = Some(Instant::now());
        if push_name.is_some() {
            self.session.push_name = push_name;
        }
        self.change_state(SessionState::plain(StateName::Online, self.now())).await;
        self.load_outbox().await;
        self.send_ready();
    }

    async fn on_push_name(&mut self, name: String) {
        if self.session.push_name.as_deref() != Some(name.as_str()) {
            self.session.push_name = Some(name);
            self.save(vec![]).await;
        }
    }

    /// The connection is over: what may follow depends on why.
    pub(super) async fn on_ended(&mut self, reason: EndReason) {
        self.turn = None;
        self.settle_by = None;
        match reason {
            EndReason::RestartRequired if self.session.linked => self.on_restart_required().await,
            EndReason::LoggedOut { reason } if self.session.linked => self.on_logged_out(&reason).await,
            EndReason::Replaced if self.session.linked => {
                self.rest(StateName::Replaced, "stream-replaced").await;
            }
            // Without credentials these can only mean that the link's connection is gone.
            EndReason::LoggedOut { reason } | EndReason::Lost { reason } => self.on_lost(&reason).await,
            EndReason::RestartRequired => self.on_lost("restart-required").await,
            EndReason::Replaced => self.on_lost("stream-replaced").await,
            EndReason::Closed => self.on_lost("closed").await,
            EndReason::Restricted { reason, until } => self.on_restricted(&reason, until).await,
            EndReason::VersionRefused if self.session.linked => self.on_version_refused().await,
            EndReason::VersionRefused => self.end_link("version-refused", LinkFailure::VersionRefused).await,
        }
    }

    /// The obligatory 515 after pairing, or one at another time: log in at once.
    pub(super) async fn on_restart_required(&mut self) {
        let pairing = self.session.state.name == StateName::Pairing;
        if pairing {
            self.change_state(SessionState::pairing(PairingStep::Restarting, self.now())).await;
        } else {
            self.rest(StateName::Connecting, "restart-required").await;
        }
        self.log_in().await;
        if pairing && self.live.is_some() {
            self.change_state(SessionState::pairing(PairingStep::Connecting, self.now())).await;
        }
    }

    pub(super) async fn on_lost(&mut self, reason: &str) {
        if self.session.linked {
            self.plan_reconnect(reason).await;
        } else if self.link.is_some() {
            self.on_link_lost(reason).await;
        }
    }

    /// Plans the next dial: exponential back-off with jitter.
    pub(super) async fn plan_reconnect(&mut self, reason: &str) {
        let delay = self.next_pause();
        self.dial_at = Some(Instant::now() + delay);
        let now = self.now();
        let retry_at = now + TimeDelta::from_std(delay).unwrap_or_default();
        self.change_state(SessionState::reconnecting(self.attempt, retry_at, reason, now)).await;
    }

    /// Counts an attempt, and gives the pause before the next: doubled with each, with jitter.
    fn next_pause(&mut self) -> Duration {
        if self.online_since.take().is_some_and(|since| since.elapsed() >= GOOD_AFTER) {
            self.attempt = 0;
        }
        self.attempt += 1;
        let config = &self.parts().config;
        let doubled = config.reconnect_first.saturating_mul(2_u32.saturating_pow(self.attempt.min(16) - 1));
        doubled.min(config.reconnect_max).mul_f64(rand::rng().random_range(0.8..1.2))
    }

    /// The network no longer knows this device. Chats, settings and the outbox stay; the keys are worthless.
    async fn on_logged_out(&mut self, reason: &str) {
        let never_online = std::mem::take(&mut self.first_login);
        self.session.linked = false;
        let name = if never_online { StateName::LinkExpired } else { StateName::LoggedOut };
        let reason = if never_online { "pairing-incomplete" } else { reason };
        let wipe = Change::WipeKeys(self.session.id.clone());
        let state = SessionState::plain(name, self.now()).because(reason);
        self.change_state_with(vec![wipe], vec![], state).await;
    }

    /// A version that is refused today may be let in tomorrow, and another one may have become known meanwhile.
    async fn on_version_refused(&mut self) {
        let doubled = VERSION_AGAIN.saturating_mul(2_u32.saturating_pow(self.attempt.min(8)));
        let pause = doubled.min(VERSION_AGAIN_MAX).mul_f64(rand::rng().random_range(0.8..1.2));
        let until = self.now() + TimeDelta::from_std(pause).unwrap_or_default();
        self.on_restricted(VERSION_REFUSED, Some(until)).await;
    }

    async fn on_restricted(&mut self, reason: &str, until: Option<Timestamp>) {
        self.drop_link(&LinkFailure::Restricted(reason.to_owned()));
        // A network that names a time that is over already must not be dialled over and over.
        let soonest = self.now() + TimeDelta::from_std(self.next_pause()).unwrap_or_default();
        let until = until.map(|until| until.max(soonest));
        let state =
            SessionState { until, ..SessionState::plain(StateName::Restricted, self.now()) }.because(reason);
        self.change_state(state).await;
        self.wait_for_end_of_restriction();
    }

    /// A restriction whose end is known ends by itself.
    pub(super) fn wait_for_end_of_restriction(&mut self) {
        if let Some(until) = self.session.state.until {
            let left = (until - self.now()).to_std().unwrap_or_default();
            self.dial_at = Some(Instant::now() + left);
        }
    }
}
