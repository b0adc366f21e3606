//! Who asks, and what for: the only way from a handler of a dialect to the use cases.
//!
//! A handler takes a [`Guest`] or an [`InSession`] of the scope it needs. Nothing else hands the gateway out, so a handler
//! without authorisation does not compile.

use super::state::{DialectState, Shared};
use super::vendor::{Refusal, Vendor};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::Response;
use enlace_domain::audit::Who;
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::session::Session;
use enlace_sessions::{By, Gateway, GatewayError, KeyError};
use enlace_web::ClientAddress;
use secrecy::ExposeSecret;
use std::marker::PhantomData;
use std::sync::Arc;

/// What a handler needs of a key.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needs {
    ($($name:ident = $scope:ident;)*) => {$(
        #[doc = concat!("Scope `", stringify!($scope), "`.")]
        pub(crate) enum $name {}
        impl Needs for $name {
            const SCOPE: Scope = Scope::$scope;
        }
    )*};
}

needs! {
    Reads = Read;
    Sends = Send;
    Links = Link;
    Manages = Manage;
}

/// Someone with a valid key of the needed scope.
pub(crate) struct Guest<V, N> {
    state: Arc<DialectState>,
    key: Arc<ApiKey>,
    who: Who,
    needs: PhantomData<fn() -> (V, N)>,
}

impl<V: Vendor, N> Guest<V, N> {
    /// The use cases.
    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.state.gateway
    }

    /// Clock and settings.
    pub(crate) fn state(&self) -> &Arc<DialectState> {
        &self.state
    }

    /// The key.
    pub(crate) fn key(&self) -> &Arc<ApiKey> {
        &self.key
    }

    /// The use cases that the audit log keeps.
    pub(crate) fn by(&self) -> By<'_> {
        self.state.gateway.by(&self.who)
    }

    /// Every session within reach, oldest first.
    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        let all = self.gateway().snapshots().into_iter().map(|snapshot| snapshot.session);
        let mut sessions: Vec<_> = all.filter(|session| self.key.reaches(&session.id)).collect();
        sessions.sort_by(|a, b| (a.created_at, a.id.as_str()).cmp(&(b.created_at, b.id.as_str())));
        sessions
    }

    /// The session that is called so here.
    pub(crate) fn session(&self, name: &str) -> Result<Arc<Session>, Refusal> {
        let unknown = || Refusal::SessionUnknown;
        let id = self.gateway().session_called(V::DIALECT, name).ok_or_else(unknown)?;
        if !self.key.reaches(&id) {
            return Err(unknown());
        }
        Ok(self.gateway().session(&id).map_err(|_| unknown())?.session)
    }

    /// Refuses a key without this scope.
    pub(crate) fn need(&self, scope: Scope) -> Result<(), Refusal> {
        if self.key.allows(scope) { Ok(()) } else { Err(Refusal::ScopeMissing(scope)) }
    }

    /// Refuses a key that reaches only certain sessions.
    pub(crate) fn need_all(&self) -> Result<(), Refusal> {
        if self.key.sessions.is_none() { Ok(()) } else { Err(Refusal::KeyLimited) }
    }

    /// Waits for an answer as long as the key lives: what comes after its end is not for who held it.
    pub(crate) async fn while_key_lives<T>(
        &self,
        answer: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, KeyError> {
        let mut life = self.gateway().watch_key(&self.key);
        let mut answer = std::pin::pin!(answer);
        loop {
            if let Some(end) = life.end().await {
                return Err(end.into());
            }
            tokio::select! {
                // The key before the answer, also when both are there.
                biased;
                () = life.turn() => {}
                answer = &mut answer => return answer.map_err(KeyError::Failed),
            }
        }
    }
}

impl<V: Vendor, N: Needs> Guest<V, N> {
    async fn admit(parts: &Parts, shared: &Shared) -> Result<Self, Refusal> {
        let state = shared.open();
        let from = parts.extensions.get().map(|ClientAddress(address)| *address);
        let credential = V::credential(parts).ok_or(Refusal::KeyMissing)?;
        let key = state.gateway.admit(credential.expose_secret(), from).await.map_err(Refusal::KeyRefused)?;
        let who = Who { key: Some(key.id.clone()), from };
        let guest = Self { state: Arc::clone(state), key, who, needs: PhantomData };
        guest.need(N::SCOPE)?;
        Ok(guest)
    }
}

impl<V: Vendor, N: Needs> FromRequestParts<Shared> for Guest<V, N> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        Self::admit(parts, shared).await.map_err(V::refuse)
    }
}

/// A [`Guest`] who asks about one session, which is there and within reach. Its name is the path's parameter `id`.
pub(crate) struct InSession<V, N> {
    guest: Guest<V, N>,
    id: SessionId,
}

impl<V, N> InSession<V, N> {
    /// The session.
    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }
}

impl<V: Vendor, N> InSession<V, N> {
    /// The session as it is now.
    pub(crate) fn now(&self) -> Result<Arc<Session>, GatewayError> {
        Ok(self.guest.gateway().session(&self.id)?.session)
    }
}

impl<V, N> std::ops::Deref for InSession<V, N> {
    type Target = Guest<V, N>;
    fn deref(&self) -> &Guest<V, N> {
        &self.guest
    }
}

impl<V: Vendor, N: Needs> FromRequestParts<Shared> for InSession<V, N> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let guest = Guest::<V, N>::from_request_parts(parts, shared).await?;
        let name = parameter(parts, shared, "id").await.unwrap_or_default();
        let session = guest.session(&name).map_err(V::refuse)?;
        let links = N::SCOPE == Scope::Link;
        let counted = guest.gateway().count_in_session(&session.id, links);
        counted.map_err(|error| V::refuse(Refusal::Failed(error)))?;
        Ok(Self { guest, id: session.id.clone() })
    }
}

/// One parameter of the path, percent-decoded.
pub(crate) async fn parameter(parts: &mut Parts, shared: &Shared, name: &str) -> Option<String> {
    let parameters = RawPathParams::from_request_parts(parts, shared).await.ok()?;
    parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
