//! `GET /v1/sessions/{id}/events`

use crate::kit::auth::{InSession, Streams};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::Problem;
use crate::kit::query::Query;
use crate::v1::events::docs::{StreamParams, StreamProblems};
use crate::v1::events::{EventView, feed};
use axum::http::HeaderMap;
use axum::response::Response;

/// Stream a session's events
///
/// The events of one session as server-sent events. A reader whose `types` name `session.qr`, or that asks for all types,
/// keeps the QRs rotating as long as it reads; its key needs the scope `link` for that.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/events", operation_id = "session_events", tag = "events",
    params(("id" = String, Path, description = "The session."), StreamParams),
    responses(
        (status = 200, description = "`id:` is `seq`, `event:` the type, `data:` the envelope; a comment keeps a silent stream alive.",
            body = EventView, content_type = "text/event-stream"),
        SessionProblems, StreamProblems,
    )
)]
pub(crate) async fn events(
    session: InSession<Streams>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    feed::open(&session, Some(session.id()), &headers, &query).await
}
