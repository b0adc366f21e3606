//! Storing changes of the record with the events that tell of them, and publishing the snapshot.

use super::Worker;
use crate::actor::events;
use crate::actor::snapshot::Snapshot;
use chrono::TimeDelta;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::NewEvent;
use enlace_domain::port::store::{Change, Entry, StoreError};
use enlace_domain::session::{RemoteUnlink, Session, SessionState, StateName};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long what could not be stored waits for the next try.
const SAVE_AGAIN: Duration = Duration::from_secs(2);

impl Worker {
    /// Makes what is known now readable for everybody. Secrets go first: a QR is served before its event is stored.
    pub(super) fn publish(&self) {
        let link = self.link.as_ref();
        // What was heard in a life before says nothing of the next one.
        let at_rest = matches!(
            self.session.state.name,
            StateName::Stopped | StateName::LoggedOut | StateName::Replaced | StateName::LinkExpired
        );
        let earlier = self.shared.snapshot.borrow().heard_at.filter(|_| !at_rest);
        let heard_at = self.heard_at().or(earlier);
        self.shared.snapshot.send_replace(Snapshot {
            session: Arc::new(self.session.clone()),
            qr: link.and_then(|flow| flow.qr.clone()),
            code: link.and_then(|flow| flow.code.as_ref()).and_then(|wish| wish.live.clone()),
            heard_at,
            passkey: link.and_then(|flow| flow.passkey.clone()),
        });
    }

    /// When the open connection last heard something.
    fn heard_at(&self) -> Option<Timestamp> {
        let silent = self.live.as_ref()?.connection.idle_seconds()?;
        Some(self.now() - TimeDelta::seconds(i64::try_from(silent).ok()?))
    }

    /// Takes a new state, unless it tells nothing new. It is readable at once and stored by the entry returned.
    pub(super) fn enter(&mut self, mut state: SessionState) -> Option<NewEvent> {
        if state.remote_unlink.is_none() && self.session.state.remote_unlink == Some(RemoteUnlink::Pending) {
            // The network must still be told of an earlier device, whatever becomes of the session.
            state.remote_unlink = Some(RemoteUnlink::Pending);
        }
        if !state.differs_from(&self.session.state) {
            return None;
        }
        let from = std::mem::replace(&mut self.session.state, state);
        tracing::info!(
            session = %self.session.id,
            from = from.name.as_str(),
            state = self.session.state.name.as_str(),
            reason = self.session.state.reason.as_deref(),
            "session state"
        );
        let mut event = events::state_changed(&self.session, Some(&from));
        if from.since == self.session.state.since {
            // Something became known of a state that has lasted for a while.
            event.at = self.now();
        }
        Some(event)
    }

    /// Stores the record together with further changes and events, in one commit. What could not be stored goes along
    /// with the next commit, or by itself after a while; meanwhile the fault is the answer to whoever asked.
    async fn store(&mut self, before: Vec<Change>, events: Vec<NewEvent>) {
        self.publish();
        let mut entries = std::mem::take(&mut self.unsaved);
        entries.retain(|entry| !matches!(entry.change, Change::SaveSession(_)));
        entries.extend(before.into_iter().map(|change| Entry { change, event: None }));
        entries.push(Entry { change: Change::SaveSession(Box::new(self.session.clone())), event: None });
        entries.extend(std::mem::take(&mut self.untold).into_iter().chain(events).map(told));
        let Err(error) = self.parts().store.commit(entries.clone()).await else {
            self.save_again_at = None;
            if entries.iter().any(|entry| matches!(entry.change, Change::RetireDevice(_))) {
                self.shared.retired.notify_one();
            }
            return;
        };
        tracing::error!(session = %self.session.id, %error, "a change of this session could not be stored");
        if !matches!(error, StoreError::SessionNotFound(_) | StoreError::Closed) {
            self.unsaved = entries;
            self.save_again_at = Some(Instant::now() + SAVE_AGAIN);
        }
        self.fault = Some(error);
    }

    /// Lets an event go along with the next commit.
    pub(super) fn also_tell(&mut self, event: NewEvent) {
        self.untold.push(event);
    }

    /// Events that wait for the next commit, for the one that removes the session.
    pub(super) fn take_untold(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.untold).into_iter().map(told).collect()
    }

    /// What kept the last change from being stored, if anything.
    pub(super) fn take_fault(&mut self) -> Option<StoreError> {
        self.fault.take()
    }

    /// Whether what the last commit held is really on disk.
    pub(super) fn is_saved(&self) -> bool {
        self.unsaved.is_empty()
    }

    /// Changes the state.
    pub(super) async fn change_state(&mut self, state: SessionState) {
        self.change_state_with(vec![], vec![], state).await;
    }

    /// Changes the state to one without details but a reason.
    pub(super) async fn rest(&mut self, name: StateName, reason: &str) {
        let state = SessionState::plain(name, self.now()).because(reason);
        self.change_state(state).await;
    }

    /// Stores what [`Self::enter`] gave, after more events.
    pub(super) async fn save_entered(&mut self, mut tell: Vec<NewEvent>, entered: Option<NewEvent>) {
        tell.extend(entered);
        self.store(vec![], tell).await;
    }

    /// Changes the state and stores more with it: changes first, then events, then the state's own event.
    pub(super) async fn change_state_with(
        &mut self,
        changes: Vec<Change>,
        mut tell: Vec<NewEvent>,
        state: SessionState,
    ) {
        let event = self.enter(state);
        if changes.is_empty() && tell.is_empty() && event.is_none() && self.untold.is_empty() {
            self.publish();
            return;
        }
        tell.extend(event);
        self.store(changes, tell).await;
    }

    /// Stores the record after a change that is no change of state.
    pub(super) async fn save(&mut self, tell: Vec<NewEvent>) {
        self.store(vec![], tell).await;
    }

    /// The record as it is now.
    pub(super) fn record(&self) -> Arc<Session> {
        Arc::new(self.session.clone())
    }
}

fn told(event: NewEvent) -> Entry {
    Entry { change: Change::None, event: Some(event) }
}
