//! `GET /v1/events`

use super::docs::{StreamParams, StreamProblems};
use super::feed;
use super::view::EventView;
use crate::kit::auth::{Caller, Streams};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::Problem;
use crate::kit::query::Query;
use axum::http::HeaderMap;
use axum::response::Response;

/// Stream all events
///
/// The events of every session within reach of this key as server-sent events, from a cursor on or from now on;
/// nothing is skipped, also when the reader is slow. When its key is revoked, expires or is changed, a stream ends with
/// the event `stream.ended`, whose `code` says why; it is not in the log and has no `id`.
#[utoipa::path(
    get, path = "/v1/events", operation_id = "event_stream", tag = "events",
    params(StreamParams),
    responses(
        (status = 200, description = "`id:` is `seq`, `event:` the type, `data:` the envelope; a comment keeps a silent stream alive.",
            body = EventView, content_type = "text/event-stream"),
        KeyProblems, StreamProblems,
    )
)]
pub(crate) async fn stream(
    caller: Caller<Streams>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    feed::open(&caller, None, &headers, &query).await
}
