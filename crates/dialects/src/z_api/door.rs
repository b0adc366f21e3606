//! Who asks, and about which session: the only way from a handler of Z-API to the use cases.
//!
//! Instance and token in the path are the credential; an Enlace key does in the token's place. `Client-Token` comes on
//! top once one is configured. It is looked at last: guesses at the token are counted, and who has not got that far
//! learns nothing of the other secret.

use super::errors::Refused;
use crate::frame::guest::{Needs, parameter};
use crate::frame::state::{DialectState, Shared};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use enlace_domain::alias::Dialect;
use enlace_domain::audit::Who;
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::session::Session;
use enlace_sessions::{By, Gateway, GatewayError, KeyError};
use enlace_web::ClientAddress;
use secrecy::ExposeSecret;
use std::marker::PhantomData;
use std::sync::Arc;

/// Someone with the needed rights who asks about one session.
pub(super) struct InInstance<N> {
    state: Arc<DialectState>,
    id: SessionId,
    key: Arc<ApiKey>,
    who: Who,
    /// Whether it is a key of ours, which can end while its holder waits. An instance's token ends with its session.
    by_key: bool,
    needs: PhantomData<fn() -> N>,
}

impl<N> InInstance<N> {
    /// The use cases.
    pub(super) fn gateway(&self) -> &Arc<Gateway> {
        &self.state.gateway
    }

    /// The use cases that the audit log keeps.
    pub(super) fn by(&self) -> By<'_> {
        self.state.gateway.by(&self.who)
    }

    /// The key, or the rights that come with the token.
    pub(super) fn key(&self) -> &Arc<ApiKey> {
        &self.key
    }

    /// The session.
    pub(super) fn id(&self) -> &SessionId {
        &self.id
    }

    /// The session as it is now.
    pub(super) fn now(&self) -> Result<Arc<Session>, GatewayError> {
        Ok(self.gateway().session(&self.id)?.session)
    }

    /// Waits for an answer as long as the key lives: what comes after its end is not for who held it.
    pub(super) async fn while_key_lives<T>(
        &self,
        answer: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, KeyError> {
        if !self.by_key {
            return answer.await.map_err(KeyError::Failed);
        }
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

impl<N: Needs> InInstance<N> {
    async fn admit(parts: &mut Parts, shared: &Shared) -> Result<Self, Refused> {
        let instance = parameter(parts, shared, "instance").await.unwrap_or_default();
        let token = parameter(parts, shared, "token").await.unwrap_or_default();
        let from = parts.extensions.get().map(|ClientAddress(address)| *address);
        let state = Arc::clone(shared.open());
        let gateway = &state.gateway;
        let by_key = !is_token(gateway, &instance, &token);
        let (id, key) = if by_key {
            let key = gateway.admit(&token, from).await?;
            let id = gateway.session_called(Dialect::ZApi, &instance).filter(|id| key.reaches(id));
            (id.ok_or_else(Refused::unknown_instance)?, key)
        } else {
            gateway.admit_by_alias(Dialect::ZApi, &instance, &token, from)?
        };
        check_client_token(&state, &parts.headers)?;
        if !key.allows(N::SCOPE) {
            return Err(Refused::scope_missing(N::SCOPE));
        }
        gateway.count_in_session(&id, N::SCOPE == Scope::Link)?;
        let who = Who { key: Some(key.id.clone()), from };
        Ok(Self { state, id, key, who, by_key, needs: PhantomData })
    }
}

impl<N: Needs> FromRequestParts<Shared> for InInstance<N> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Refused> {
        Self::admit(parts, shared).await
    }
}

/// Which of the two secrets it is that a path can carry. To try one as the other would count as a wrong key.
fn is_token(gateway: &Gateway, instance: &str, token: &str) -> bool {
    let id = gateway.session_called(Dialect::ZApi, instance);
    let session = id.and_then(|id| gateway.session(&id).ok()).map(|snapshot| snapshot.session);
    let alias = session.as_ref().and_then(|session| session.aliases.get(&Dialect::ZApi));
    alias.and_then(|alias| alias.token.as_ref()).is_some_and(|own| own.is(token))
}

fn check_client_token(state: &DialectState, headers: &HeaderMap) -> Result<(), Refused> {
    let Some(own) = &state.client_token else { return Ok(()) };
    let given = headers.get("client-token").and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if given.is_empty() {
        return Err(Refused::invalid("your client-token is not configured"));
    }
    let (own, bytes) = (own.expose_secret().as_bytes(), given.as_bytes());
    // As long for a wrong one as for the right one.
    let differs = own.iter().zip(bytes).fold(0, |differs, (a, b)| differs | (a ^ b));
    if own.len() == bytes.len() && differs == 0 {
        return Ok(());
    }
    Err(Refused::invalid(format!("{given} not allowed")))
}
