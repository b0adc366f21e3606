//! Storing changes of the record with the events that tell of them, and publishing the snapshot.

use super::Worker;
use crate::actor::events;
use crate::actor::snapshot::Snapshot;
use enlace_domain::event::NewEvent;
use enlace_domain::port::store::{Change, Entry};
use enlace_domain::session::{Session, SessionState, StateName};
use std::sync::Arc;

impl Worker {
    /// Makes what is known now readable for everybody. Secrets go first: a QR is served before its event is stored.
    pub(super) fn publish(&self) {
        let link = self.link.as_ref();
        self.shared.snapshot.send_replace(Snapshot {
            session: Arc::new(self.session.clone()),
            qr: link.and_then(|flow| flow.qr.clone()),
            code: link.and_then(|flow| flow.code.as_ref()).and_then(|wish| wish.live.clone()),
        });
    }

    /// Takes a new state, unless it tells nothing new. It is readable at once and stored by the entry returned.
    fn enter(&mut self, state: SessionState) -> Option<NewEvent> {
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
        Some(events::state_changed(&self.session, Some(&from)))
    }

    /// Stores the record together with further changes and events, in one commit. A failed commit is logged and the
    /// record goes along with the next one: the actor's own state is true meanwhile.
    async fn store(&mut self, before: Vec<Change>, events: Vec<NewEvent>) {
        self.publish();
        let mut entries: Vec<Entry> =
            before.into_iter().map(|change| Entry { change, event: None }).collect();
        entries.push(Entry { change: Change::SaveSession(Box::new(self.session.clone())), event: None });
        entries.extend(events.into_iter().map(|event| Entry { change: Change::None, event: Some(event) }));
        if let Err(error) = self.parts().store.commit(entries).await {
            tracing::error!(session = %self.session.id, %error, "a change of this session could not be stored");
        }
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

    /// Changes the state and stores more with it: changes first, then events, then the state's own event.
    pub(super) async fn change_state_with(
        &mut self,
        changes: Vec<Change>,
        mut tell: Vec<NewEvent>,
        state: SessionState,
    ) {
        let event = self.enter(state);
        if changes.is_empty() && tell.is_empty() && event.is_none() {
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
