//! Who asks, and what for: the only way from a handler to the use cases.
//!
//! A handler takes a [`Caller`] or an [`InSession`] of the scope it needs. Both hold the gateway; nothing else hands it
//! out, so a handler without authorisation does not compile.

use super::credential::credential;
use super::problem::Problem;
use super::state::{Shared, WebState};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_sessions::{Gateway, GatewayError};
use secrecy::ExposeSecret;
use std::marker::PhantomData;
use std::sync::Arc;

/// What a handler needs of a key.
pub(crate) trait Needs: Send + Sync + 'static {
    /// The scope; `None` is any valid key.
    const SCOPE: Option<Scope>;
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

/// Someone with a valid key of the needed scope.
pub(crate) struct Caller<N> {
    state: Arc<WebState>,
    key: Arc<ApiKey>,
    needs: PhantomData<fn() -> N>,
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

    /// The key.
    pub(crate) fn key(&self) -> &Arc<ApiKey> {
        &self.key
    }
}

impl<N: Needs> FromRequestParts<Shared> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let state = shared.open();
        let credential = credential(&parts.headers).ok_or_else(key_missing)?;
        let key = state.gateway.authenticate(credential.expose_secret()).await?;
        match N::SCOPE {
            Some(scope) if !key.allows(scope) => Err(scope_missing(scope)),
            _ => Ok(Self { state: Arc::clone(state), key, needs: PhantomData }),
        }
    }
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
        if !caller.key.reaches(&id) {
            return Err(GatewayError::session_not_found(&id).into());
        }
        // Before the body is judged: a session that is not there is a 404 whatever was sent to it.
        caller.gateway().session(&id)?;
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
    Problem::new(
        StatusCode::NOT_FOUND,
        "route-not-found",
        "the path is not valid UTF-8 once it is percent-decoded",
    )
}

fn key_missing() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "key-missing",
        "this needs an API key: send it as `Authorization: Bearer <key>`, as `X-API-Key`, or as the password of HTTP Basic",
    )
}

fn scope_missing(scope: Scope) -> Problem {
    let name = scope_name(scope);
    Problem::new(
        StatusCode::FORBIDDEN,
        "scope-missing",
        format!(
            "this needs a key with the scope `{name}`, which this key has not; ask an administrator for one"
        ),
    )
    .with("scope", name)
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Send => "send",
        Scope::Link => "link",
        Scope::Manage => "manage",
        Scope::Admin => "admin",
    }
}
