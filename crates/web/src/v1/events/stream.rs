//! `GET /v1/events`

use super::feed;
use super::view::EventView;
use crate::kit::auth::{Caller, Reads};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::http::HeaderMap;
use axum::response::Response;

/// Stream all events
///
/// The events of every session within reach of this key as server-sent events, from a cursor on or from now on;
/// nothing is skipped, also when the reader is slow.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "event_stream", tag = "events",
    params(
        ("types" = Option<Vec<String>>, Query, style = Form, explode = false,
            description = "Only these types, e.g. `message.received,session.state`."),
        ("named" = Option<bool>, Query,
            description = "`false` leaves `event:` out, for clients that hear only unnamed events."),
        ("after" = Option<u64>, Query,
            description = "Begin after this `seq`; 0 begins with the oldest kept. Left out: from now on."),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same; beats `after`. Clients send it when they reconnect."),
    ),
    responses(
        (status = 200, description = "`id:` is `seq`, `event:` the type, `data:` the envelope; a comment keeps a silent stream alive.",
            body = EventView, content_type = "text/event-stream"),
        KeyProblems,
        (status = 400, description = "The cursor is not a number: `invalid-cursor`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The cursor is newer than the log or older than what is kept; `oldest` and `newest` say what there is: `cursor-unknown`, `cursor-expired`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A type that does not exist: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stream(
    caller: Caller<Reads>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    feed::open(&caller, None, &headers, &query).await
}
