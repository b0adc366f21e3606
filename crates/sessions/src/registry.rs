//! Which actors run.

use crate::actor::snapshot::Snapshot;
use crate::actor::{Handle, Supervisor};
use crate::error::GatewayError;
use crate::gateway::GatewayParts;
use crate::names::Names;
use crate::unlinker::Unlinker;
use enlace_domain::id::SessionId;
use enlace_domain::session::Session;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Every session's handle.
pub(crate) struct Registry {
    supervisor: Supervisor,
    handles: RwLock<HashMap<SessionId, Handle>>,
    names: Names,
}

impl Registry {
    pub(crate) fn new(parts: Arc<GatewayParts>, names: Names) -> Self {
        Self { supervisor: Supervisor::new(parts), handles: RwLock::default(), names }
    }

    /// Starts the actor of a stored session.
    pub(crate) fn adopt(&self, session: Session) -> Handle {
        let id = session.id.clone();
        self.names.learn(&id, &session.aliases);
        let handle = self.supervisor.start(session);
        self.handles.write().unwrap_or_else(PoisonError::into_inner).insert(id, handle.clone());
        handle
    }

    /// A session's handle.
    pub(crate) fn handle(&self, id: &SessionId) -> Result<Handle, GatewayError> {
        let handles = self.handles.read().unwrap_or_else(PoisonError::into_inner);
        handles.get(id).cloned().ok_or_else(|| GatewayError::session_not_found(id))
    }

    /// Every session as it is now.
    pub(crate) fn snapshots(&self) -> Vec<Snapshot> {
        self.handles.read().unwrap_or_else(PoisonError::into_inner).values().map(Handle::snapshot).collect()
    }

    /// Drops the handle of a deleted session, unless a new session took the id meanwhile.
    pub(crate) fn forget(&self, id: &SessionId, ended: &Handle) {
        let mut handles = self.handles.write().unwrap_or_else(PoisonError::into_inner);
        if handles.get(id).is_some_and(|known| known.is_same(ended)) {
            handles.remove(id);
        }
        self.names.forget(id, &ended.snapshot().session.aliases);
    }

    /// What sessions are called elsewhere.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Tells the network of unlinkings that it could not be told of, from now on.
    pub(crate) fn follow_up_unlinkings(self: &Arc<Self>, parts: Arc<GatewayParts>) {
        let unlinker = Unlinker::new(parts, Arc::downgrade(self), self.supervisor.retired());
        self.supervisor.run_beside(|stop| unlinker.run(stop));
    }

    pub(crate) async fn shutdown(&self) {
        self.supervisor.shutdown().await;
    }
}
