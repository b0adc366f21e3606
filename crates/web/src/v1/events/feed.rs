//! A stream of events for one reader: from its cursor on, nothing skipped, until the gateway or the key ends.

use super::cursor::cursor;
use super::encode::encode;
use super::secrets;
use crate::kit::auth::{Caller, Reads};
use crate::kit::problem::Problem;
use crate::kit::query::Query;
use crate::kit::state::WebState;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use enlace_domain::event::{Event, EventFilter, EventType};
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_sessions::{EventReader, WatchGuard};
use futures::{Stream, StreamExt, stream};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

/// Proxies that buffer by habit leave this answer alone.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

struct Feed {
    state: Arc<WebState>,
    key: Arc<ApiKey>,
    reader: EventReader,
    named: bool,
    read: VecDeque<Arc<Event>>,
    /// Keeps the QRs of this session rotating while the stream is read.
    _watch: Option<WatchGuard>,
}

/// Answers with the events of one session, or of all within reach of the key.
pub(crate) async fn open(
    caller: &Caller<Reads>,
    session: Option<&SessionId>,
    headers: &HeaderMap,
    query: &Query,
) -> Result<Response, Problem> {
    let kinds = kinds(query)?;
    let named = query.flag("named")?.unwrap_or(true);
    let cursor = cursor(headers, query)?;
    let sessions = match session {
        Some(id) => Some(vec![id.clone()]),
        None => caller.key().sessions.clone(),
    };
    let looks = caller.key().allows(Scope::Link)
        && kinds.as_ref().is_none_or(|kinds| kinds.contains(&EventType::SessionQr));
    let watch = match session {
        Some(id) if looks => Some(caller.gateway().watch(id)?),
        _ => None,
    };
    let reader = caller.gateway().read_events(EventFilter { sessions, kinds }, cursor).await?;
    let feed = Feed {
        state: Arc::clone(caller.state()),
        key: Arc::clone(caller.key()),
        reader,
        named,
        read: VecDeque::new(),
        _watch: watch,
    };
    Ok(answer(feed))
}

fn kinds(query: &Query) -> Result<Option<Vec<EventType>>, Problem> {
    let Some(names) = query.list("types") else { return Ok(None) };
    let known: Option<_> = names.into_iter().map(EventType::parse).collect();
    if known.is_some() {
        return Ok(known);
    }
    let names = EventType::ALL.map(EventType::as_str).join(", ");
    Err(Problem::field("types", format!("types is one or more of: {names}")))
}

fn answer(feed: Feed) -> Response {
    let keep_alive = KeepAlive::new().interval(feed.state.keep_alive).text("alive");
    let ended = feed.state.shutdown.clone().cancelled_owned();
    // The first bytes tell the reader, and what is in between, that the stream is open.
    let opened = stream::once(async { Ok(sse::Event::default().comment("open")) });
    let events = opened.chain(frames(feed)).take_until(ended);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

fn frames(feed: Feed) -> impl Stream<Item = Result<sse::Event, Infallible>> + Send {
    stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        let frame = feed.frame(&event);
        Some((Ok(frame), feed))
    })
}

impl Feed {
    /// The next event; none when the log can no longer be read or the key has expired.
    async fn next(&mut self) -> Option<Arc<Event>> {
        while self.read.is_empty() {
            match self.reader.next().await {
                Ok(events) => self.read.extend(events),
                Err(error) => {
                    tracing::info!(%error, "an event stream ended");
                    return None;
                }
            }
        }
        if self.key.expires_at.is_some_and(|end| end <= self.state.clock.now()) {
            return None;
        }
        self.read.pop_front()
    }

    fn frame(&self, event: &Event) -> sse::Event {
        let secrets = if self.key.allows(Scope::Link) {
            secrets::living(&self.state.gateway, event, self.state.clock.now())
        } else {
            serde_json::Map::new()
        };
        encode(event, secrets, self.named)
    }
}
