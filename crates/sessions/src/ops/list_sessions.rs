//! Lists sessions.

use crate::{Gateway, GatewayError, Snapshot};
use enlace_domain::page::{Page, PageRequest};
use enlace_domain::port::store::SessionFilter;
use enlace_domain::session::{Session, StateName};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Gateway {
    /// A page of sessions, oldest first, each as it is now.
    pub async fn sessions(
        &self,
        filter: &SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<Arc<Session>>, GatewayError> {
        let stored = self.parts.store.sessions(filter, page).await?;
        let items = stored
            .items
            .into_iter()
            .map(|session| match self.registry.handle(&session.id) {
                Ok(handle) => handle.snapshot().session,
                Err(_) => Arc::new(session),
            })
            .collect();
        Ok(Page { items, next_page_token: stored.next_page_token })
    }

    /// Every session as it is now, in no order.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.registry.snapshots()
    }

    /// How many sessions are in each state, all states named; `only` limits it to a key's reach.
    pub fn summary(&self, only: impl Fn(&Session) -> bool) -> BTreeMap<StateName, u64> {
        let mut counts: BTreeMap<_, _> = StateName::ALL.into_iter().map(|state| (state, 0)).collect();
        for snapshot in self.registry.snapshots() {
            if only(&snapshot.session) {
                *counts.entry(snapshot.session.state.name).or_default() += 1;
            }
        }
        counts
    }
}
