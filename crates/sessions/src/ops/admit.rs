//! Lets somebody in, and counts what they ask: the same for every surface.

use crate::{Gateway, GatewayError, KeyError, TicketHolder};
use chrono::DateTime;
use enlace_domain::alias::Dialect;
use enlace_domain::id::{KeyId, SessionId};
use enlace_domain::key::{ApiKey, Scope};
use enlace_domain::{ErrorKind, Fault};
use std::net::IpAddr;
use std::sync::Arc;

/// What the holder of an alias' token may do with its session.
const BY_TOKEN: [Scope; 4] = [Scope::Read, Scope::Send, Scope::Link, Scope::Manage];

impl Gateway {
    /// Who holds this key. Errors: those of the key, `rate-limited`.
    pub async fn admit(&self, credential: &str, from: Option<IpAddr>) -> Result<Arc<ApiKey>, KeyError> {
        let key = self.authenticate(credential).await.map_err(|error| self.refuse(error, from))?;
        self.count_request(&key.id).map_err(KeyError::Failed)?;
        Ok(key)
    }

    /// Who holds this ticket.
    pub async fn admit_by_ticket(
        &self,
        ticket: &str,
        from: Option<IpAddr>,
    ) -> Result<TicketHolder, KeyError> {
        let holder = self.redeem_stream_ticket(ticket).await.map_err(|error| self.refuse(error, from))?;
        self.count_request(&holder.key.id).map_err(KeyError::Failed)?;
        Ok(holder)
    }

    /// Who names a session in a foreign API together with its token. They have no key of ours: the rights they are given
    /// are those of one for this session alone.
    pub fn admit_by_alias(
        &self,
        dialect: Dialect,
        name: &str,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<(SessionId, Arc<ApiKey>), KeyError> {
        let named = self.session_called(dialect, name).and_then(|id| self.session(&id).ok());
        let named = named.map(|snapshot| snapshot.session).filter(|session| {
            let token_of = session.aliases.get(&dialect).and_then(|alias| alias.token.as_ref());
            token_of.is_some_and(|own| own.is(token))
        });
        let session = named.ok_or_else(|| self.refuse(KeyError::Invalid, from))?;
        let key = ApiKey {
            id: KeyId::from_text(format!("{}:{name}", dialect.as_str())),
            name: String::new(),
            hash: [0; 32],
            scopes: BY_TOKEN.to_vec(),
            sessions: Some(vec![session.id.clone()]),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            last_used_at: None,
        };
        Ok((session.id.clone(), Arc::new(key)))
    }

    /// The answer to one who is not let in: a wrong credential is counted, and too many of them are told so.
    fn refuse(&self, error: KeyError, from: Option<IpAddr>) -> KeyError {
        if error.kind() != ErrorKind::Unauthenticated {
            return error;
        }
        self.count_refusal(from).map_or_else(KeyError::Failed, |()| error)
    }
}

impl From<GatewayError> for KeyError {
    fn from(error: GatewayError) -> Self {
        Self::Failed(error)
    }
}
