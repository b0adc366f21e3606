//! `GET /v1/sessions/{id}/events`

use crate::kit::auth::{InSession, Reads};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use crate::v1::events::{EventView, feed};
use axum::http::HeaderMap;
use axum::response::Response;

/// Stream a session's events
///
/// The events of one session as server-sent events. A reader that asks for `session.qr` by name keeps the QRs rotating
/// as long as it reads.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/events", operation_id = "session_events", tag = "events",
    params(
        ("id" = String, Path, description = "The session."),
        ("types" = Option<Vec<String>>, Query, style = Form, explode = false,
            description = "Only these types, e.g. `session.qr,session.state`."),
        ("named" = Option<bool>, Query,
            description = "`false` leaves `event:` out, for clients that hear only unnamed events."),
        ("after" = Option<u64>, Query,
            description = "Begin after this `seq`; 0 begins with the oldest kept. Left out: from now on."),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same; beats `after`. Clients send it when they reconnect."),
    ),
    responses(
        (status = 200, description = "`id:` is `seq`, `event:` the type, `data:` the envelope; a comment keeps a silent stream alive.",
            body = EventView, content_type = "text/event-stream"),
        SessionProblems,
        (status = 400, description = "The cursor is not a number: `invalid-cursor`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The cursor is newer than the log or older than what is kept; `oldest` and `newest` say what there is: `cursor-unknown`, `cursor-expired`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A type that does not exist: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn events(
    session: InSession<Reads>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    feed::open(&session, Some(session.id()), &headers, &query).await
}
