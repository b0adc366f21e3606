//! `POST /v1/stream-tickets`

use crate::kit::auth::{Caller, Reads};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, KeyProblems};
use crate::kit::problem::{Problem, ProblemBody};
use crate::v1::events::known_kinds;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use enlace_domain::clock::millis;
use enlace_domain::id::SessionId;
use enlace_domain::key::Scope;
use enlace_sessions::{GatewayError, TICKET_SECONDS_DEFAULT, TicketRequest};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the ticket shall open.
#[derive(Deserialize, ToSchema)]
#[schema(as = StreamTicketCreate, example = json!({"session": "ana", "types": ["session.state", "session.qr"], "secrets": true}))]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// Only the events of this session; all that the key reaches when left out.
    session: Option<String>,
    /// Only these types; all when left out.
    types: Option<Vec<String>>,
    /// Whether QRs and pairing codes are in their events, for a page that shows them: needs the scope `link`.
    secrets: Option<bool>,
    /// For how many seconds it opens streams, 1 to 600; 60 when left out.
    #[schema(minimum = 1, maximum = 600)]
    expires_in: Option<u32>,
}

impl Input for CreateBody {}

/// A ticket.
#[derive(Serialize, ToSchema)]
#[schema(as = StreamTicket, example = json!({"ticket": "tkt_…", "expires_at": "2026-01-02T03:05:05.678Z"}))]
pub(crate) struct TicketView {
    /// What to put in the address of an event stream, as `?ticket=`.
    ticket: String,
    /// Until when it opens streams.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Make a stream ticket
///
/// Makes a short-lived, read-only ticket for the event streams, for browsers: their `EventSource` can send no key, and
/// an address is no place for one. It opens streams until it expires, as often as `EventSource` connects anew; a stream
/// that is open then goes on. It does nothing else, and ends with its key and when the gateway starts again.
#[utoipa::path(
    post, path = "/v1/stream-tickets", operation_id = "stream_ticket_create", tag = "events",
    request_body = Option<CreateBody>,
    responses(
        (status = 201, description = "The ticket.", body = TicketView),
        KeyProblems, BodyProblems,
        (status = 404, description = "No such session within reach of this key: `session-not-found`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, and named: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "200 tickets of this key live, or too many in all: `too-many-tickets`; or asked too often: `rate-limited`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    caller: Caller<Reads>,
    body: Body<CreateBody>,
) -> Result<impl IntoResponse, Problem> {
    let CreateBody { session, types, secrets, expires_in } = body.input;
    let names = types.as_ref().map(|types| types.iter().map(String::as_str));
    let secrets = secrets.unwrap_or(false);
    if secrets {
        caller.need(Scope::Link)?;
    }
    let request = TicketRequest {
        session: session.map(|id| within_reach(&caller, id)).transpose()?,
        kinds: names.map(known_kinds).transpose()?,
        secrets,
        seconds: expires_in.unwrap_or(TICKET_SECONDS_DEFAULT),
    };
    let (ticket, expires_at) = caller.by().create_stream_ticket(caller.key(), request)?;
    let view =
        TicketView { ticket: ticket.expose_secret().to_owned(), expires_at: millis::format(&expires_at) };
    Ok((StatusCode::CREATED, Json(view)))
}

fn within_reach(caller: &Caller<Reads>, text: String) -> Result<SessionId, Problem> {
    let id = SessionId::parse(&text).map_err(|_| GatewayError::SessionNotFound(text))?;
    if !caller.key().reaches(&id) {
        return Err(GatewayError::session_not_found(&id).into());
    }
    caller.gateway().session(&id)?;
    Ok(id)
}
