//! Makes and redeems tickets for event streams: for browsers, whose `EventSource` can send no header.

use crate::by::By;
use crate::ops::authenticate::KeyError;
use crate::secret_text::new_key;
use crate::tickets::Ticket;
use crate::{Gateway, GatewayError};
use chrono::TimeDelta;
use enlace_domain::audit::AuditAction;
use enlace_domain::clock::Timestamp;
use enlace_domain::event::EventType;
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// For how many seconds a ticket can open streams.
pub const TICKET_SECONDS: RangeInclusive<u32> = 1..=600;
/// The same when nothing is said.
pub const TICKET_SECONDS_DEFAULT: u32 = 60;

/// What a ticket shall open.
#[derive(Clone, Debug, Default)]
pub struct TicketRequest {
    /// Only this session, which the key reaches.
    pub session: Option<SessionId>,
    /// Only these types.
    pub kinds: Option<Vec<EventType>>,
    /// Whether QRs and codes are in their events; for keys with scope `link`.
    pub secrets: bool,
    /// For how many seconds, see [`TICKET_SECONDS`].
    pub seconds: u32,
}

/// Somebody whose ticket was found good.
#[derive(Clone, Debug)]
pub struct TicketHolder {
    /// The key that the ticket was made with.
    pub key: Arc<ApiKey>,
    /// That key with what is left of its rights.
    pub narrowed: Arc<ApiKey>,
    /// Only these types.
    pub kinds: Option<Vec<EventType>>,
}

impl By<'_> {
    /// Makes a ticket with a key, and tells when it ends. It opens streams until then, again and again, because an
    /// `EventSource` connects anew by itself; and it dies with its key.
    pub fn create_stream_ticket(
        &self,
        key: &ApiKey,
        request: TicketRequest,
    ) -> Result<(SecretString, Timestamp), GatewayError> {
        if !TICKET_SECONDS.contains(&request.seconds) {
            let (least, most) = (TICKET_SECONDS.start(), TICKET_SECONDS.end());
            return Err(GatewayError::Invalid {
                field: "expires_in",
                message: format!("expires_in is the ticket's life in seconds, {least} to {most}"),
            });
        }
        let (gateway, now) = (self.gateway, self.gateway.parts.clock.now());
        let expires_at = now + TimeDelta::seconds(request.seconds.into());
        let expires_at = key.expires_at.map_or(expires_at, |end| end.min(expires_at));
        let record = self.record(AuditAction::TicketCreated).data(json!({
            "types": request.kinds,
            "secrets": request.secrets,
            "expires_at": enlace_domain::clock::millis::format(&expires_at),
        }));
        let record = match &request.session {
            Some(session) => record.session(session),
            None => record,
        };
        let text = SecretString::from(format!("tkt_{}", new_key().expose_secret()));
        let TicketRequest { session, kinds, secrets, .. } = request;
        let ticket = Ticket { key: key.id.clone(), session, kinds, secrets, expires_at };
        if !gateway.keys.tickets.keep(text.expose_secret(), ticket, now) {
            return Err(GatewayError::TooManyTickets);
        }
        self.note_soon(record);
        Ok((text, expires_at))
    }
}

impl Gateway {
    /// Whom a ticket stands for, while it and its key live.
    pub(crate) async fn redeem_stream_ticket(&self, text: &str) -> Result<TicketHolder, KeyError> {
        let ticket = self.keys.tickets.find(text).ok_or(KeyError::TicketInvalid)?;
        let now = self.parts.clock.now();
        if ticket.expires_at <= now {
            return Err(KeyError::TicketExpired);
        }
        let key = self.parts.store.key(&ticket.key).await.map_err(|error| KeyError::Failed(error.into()))?;
        // Its key was revoked, or reaches this session no more.
        let key = key.filter(|key| key.allows(Scope::Read)).ok_or(KeyError::TicketInvalid)?;
        if ticket.session.as_ref().is_some_and(|session| !key.reaches(session)) {
            return Err(KeyError::TicketInvalid);
        }
        if key.is_over(now) {
            return Err(KeyError::Expired);
        }
        let mut narrowed = key.clone();
        let secrets = ticket.secrets && key.allows(Scope::Link);
        narrowed.scopes = if secrets { vec![Scope::Read, Scope::Link] } else { vec![Scope::Read] };
        narrowed.sessions = ticket.session.map(|session| vec![session]).or(narrowed.sessions);
        Ok(TicketHolder { key: Arc::new(key), narrowed: Arc::new(narrowed), kinds: ticket.kinds })
    }
}
