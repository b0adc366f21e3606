//! Who asks, and what for: the only way from a handler to the use cases.
//!
//! A handler takes a [`Caller`] or an [`InSession`] of the scope it needs. Both hold the gateway; nothing else hands it
//! out, so a handler without authorisation does not compile.

use super::client::ClientAddress;
use super::credential::{credential, ticket};
use super::own::Own;
use super::problem::Problem;
use super::state::{Shared, WebState};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use enlace_domain::audit::Who;
use enlace_domain::event::EventType;
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_sessions::{By, Gateway, GatewayError, KeyError};
use secrecy::ExposeSecret;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::Arc;

/// What a handler needs of a key.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The scope; `None` is any valid key.
    const SCOPE: Option<Scope>;
    /// Whether the key must not be limited to sessions.
    const WHOLE: bool = false;
    /// Whether a ticket does instead of a key.
    const TICKETS: bool = false;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}
        impl Needs for $name {
            const SCOPE: Option<Scope> = $scope;
        }
    )*};
}

needs! {
    /// Any valid key.
    AnyKey = None;
    /// Scope `read`.
    Reads = Some(Scope::Read);
    /// Scope `send`.
    Sends = Some(Scope::Send);
    /// Scope `link`.
    Links = Some(Scope::Link);
    /// Scope `manage`.
    Manages = Some(Scope::Manage);
}

/// Scope `read`, by key or by ticket.
pub(crate) enum Streams {}

impl Needs for Streams {
    const SCOPE: Option<Scope> = Some(Scope::Read);
    const TICKETS: bool = true;
}

/// Scope `admin`, of a key that is not limited to sessions.
pub(crate) enum Admins {}

impl Needs for Admins {
    const SCOPE: Option<Scope> = Some(Scope::Admin);
    const WHOLE: bool = true;
}

/// Someone with a valid key of the needed scope.
pub(crate) struct Caller<N> {
    state: Arc<WebState>,
    admitted: Admitted,
    who: Who,
    needs: PhantomData<fn() -> N>,
}

/// What a credential stands for.
struct Admitted {
    /// Its rights.
    key: Arc<ApiKey>,
    /// The stored key with which it ends: the same, but for a ticket.
    ends_with: Arc<ApiKey>,
    /// Of a ticket: only these types of events.
    kinds: Option<Vec<EventType>>,
}

impl<N> Caller<N> {
    /// The use cases.
    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.state.gateway
    }

    /// Clock, settings, limits.
    pub(crate) fn state(&self) -> &Arc<WebState> {
        &self.state
    }

    /// The key, or what a ticket leaves of its rights.
    pub(crate) fn key(&self) -> &Arc<ApiKey> {
        &self.admitted.key
    }

    /// The stored key: what it keeps open ends with it.
    pub(crate) fn ends_with(&self) -> &Arc<ApiKey> {
        &self.admitted.ends_with
    }

    /// The only types of events that a ticket was made for.
    pub(crate) fn kinds(&self) -> Option<&[EventType]> {
        self.admitted.kinds.as_deref()
    }

    /// Refuses a key without this scope, where it depends on the request.
    pub(crate) fn need(&self, scope: Scope) -> Result<(), Problem> {
        if self.key().allows(scope) { Ok(()) } else { Err(scope_missing(scope)) }
    }

    /// Who it is, for the audit log.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// The use cases that the audit log keeps.
    pub(crate) fn by(&self) -> By<'_> {
        self.state.gateway.by(&self.who)
    }

    /// Waits for an answer as long as the key lives: what comes after its end is not for who held it.
    pub(crate) async fn while_key_lives<T>(
        &self,
        answer: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, Problem> {
        let mut life = self.state.gateway.watch_key(self.ends_with());
        let mut answer = std::pin::pin!(answer);
        loop {
            if let Some(end) = life.end().await {
                return Err(KeyError::from(end).into());
            }
            tokio::select! {
                // The key before the answer, also when both are there.
                biased;
                () = life.turn() => {}
                answer = &mut answer => return Ok(answer?),
            }
        }
    }
}

impl<N: Needs> FromRequestParts<Shared> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let state = shared.open();
        let from = parts.extensions.get().map(|ClientAddress(address)| *address);
        let admitted = admit::<N>(&state.gateway, parts, from).await?;
        let who = Who { key: Some(admitted.ends_with.id.clone()), from };
        let caller = Self { state: Arc::clone(state), admitted, who, needs: PhantomData };
        if let Some(scope) = N::SCOPE {
            caller.need(scope)?;
        }
        if N::WHOLE && caller.key().sessions.is_some() {
            return Err(key_limited());
        }
        Ok(caller)
    }
}

/// A key in the headers counts, and only without one a ticket in the address.
async fn admit<N: Needs>(
    gateway: &Gateway,
    parts: &Parts,
    from: Option<IpAddr>,
) -> Result<Admitted, Problem> {
    if let Some(credential) = credential(&parts.headers) {
        let key = gateway.admit(credential.expose_secret(), from).await?;
        return Ok(Admitted { ends_with: Arc::clone(&key), key, kinds: None });
    }
    let ticket = ticket(parts.uri.query().unwrap_or_default()).filter(|_| N::TICKETS);
    let ticket = ticket.ok_or_else(key_missing)?;
    let holder = gateway.admit_by_ticket(ticket.expose_secret(), from).await?;
    Ok(Admitted { key: holder.narrowed, ends_with: holder.key, kinds: holder.kinds })
}

/// A [`Caller`] who asks about one session, which exists and is within the key's reach.
pub(crate) struct InSession<N> {
    caller: Caller<N>,
    id: SessionId,
}

impl<N> InSession<N> {
    /// The session.
    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }
}

impl<N> std::ops::Deref for InSession<N> {
    type Target = Caller<N>;
    fn deref(&self) -> &Caller<N> {
        &self.caller
    }
}

impl<N: Needs> FromRequestParts<Shared> for InSession<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let caller = Caller::<N>::from_request_parts(parts, shared).await?;
        let text = path_parameter(parts, shared, "id").await?;
        // A text that cannot be an id is the id of no session.
        let id = SessionId::parse(&text).map_err(|_| GatewayError::SessionNotFound(text))?;
        if !caller.key().reaches(&id) {
            return Err(GatewayError::session_not_found(&id).into());
        }
        // Before the body is judged: a session that is not there is a 404 whatever was sent to it.
        caller.gateway().session(&id)?;
        caller.gateway().count_in_session(&id, N::SCOPE == Some(Scope::Link))?;
        Ok(Self { caller, id })
    }
}

/// One parameter of the path, percent-decoded.
pub(crate) async fn path_parameter(
    parts: &mut Parts,
    shared: &Shared,
    name: &'static str,
) -> Result<String, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, shared).await.map_err(|_| bad_path())?;
    let value = parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    value.ok_or_else(bad_path)
}

fn bad_path() -> Problem {
    Problem::new(Own::RouteNotFound, "the path is not valid UTF-8 once it is percent-decoded")
}

fn key_missing() -> Problem {
    Problem::new(
        Own::KeyMissing,
        "this needs an API key: send it as `Authorization: Bearer <key>`, as `X-API-Key`, or as the password of HTTP Basic",
    )
}

fn scope_missing(scope: Scope) -> Problem {
    let name = scope.as_str();
    Problem::new(
        Own::ScopeMissing,
        format!(
            "this needs a key with the scope `{name}`, which this key has not; ask an administrator for one"
        ),
    )
    .with("scope", name)
}

fn key_limited() -> Problem {
    Problem::new(
        Own::KeyLimited,
        "this concerns all sessions and needs an admin key that is not limited to some of them",
    )
}
