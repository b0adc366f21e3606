//! A stream of events for one reader: from its cursor on, nothing skipped, until the gateway or the key ends.

use super::cursor::cursor;
use super::encode::{encode, ended};
use super::secrets;
use crate::kit::auth::{Caller, Streams};
use crate::kit::problem::Problem;
use crate::kit::query::Query;
use crate::kit::state::WebState;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use enlace_domain::audit::Who;
use enlace_domain::event::{Event, EventFilter, EventType};
use enlace_domain::id::SessionId;
use enlace_domain::key::{ApiKey, Scope};
use enlace_sessions::{EventReader, KeyEnd, KeyWatch, WatchGuard};
use futures::{Stream, StreamExt, stream};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

/// Proxies that buffer by habit leave this answer alone.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

struct Feed {
    state: Arc<WebState>,
    key: Arc<ApiKey>,
    who: Who,
    life: KeyWatch,
    reader: EventReader,
    named: bool,
    read: VecDeque<Arc<Event>>,
    /// Whether the last word was said.
    over: bool,
    /// Keeps the QRs of this session rotating while the stream is read.
    _watch: Option<WatchGuard>,
}

/// What comes next on a stream.
enum Next {
    Event(Arc<Event>),
    End(KeyEnd),
}

/// Answers with the events of one session, or of all within reach of the key.
pub(crate) async fn open(
    caller: &Caller<Streams>,
    session: Option<&SessionId>,
    headers: &HeaderMap,
    query: &Query,
) -> Result<Response, Problem> {
    let kinds = within_ticket(kinds(query)?, caller.kinds())?;
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
        who: caller.who().clone(),
        life: caller.gateway().watch_key(caller.ends_with()),
        reader,
        named,
        read: VecDeque::new(),
        over: false,
        _watch: watch,
    };
    Ok(answer(feed))
}

fn kinds(query: &Query) -> Result<Option<Vec<EventType>>, Problem> {
    query.list("types").map(known_kinds).transpose()
}

/// Types by their names.
pub(crate) fn known_kinds<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Vec<EventType>, Problem> {
    let known: Option<Vec<_>> = names.into_iter().map(EventType::parse).collect();
    known.filter(|kinds| !kinds.is_empty()).ok_or_else(|| {
        let names = EventType::ALL.map(EventType::as_str).join(", ");
        Problem::field("types", format!("types is one or more of: {names}"))
    })
}

/// The types asked for, which must be among those of the ticket.
fn within_ticket(
    asked: Option<Vec<EventType>>,
    ticket: Option<&[EventType]>,
) -> Result<Option<Vec<EventType>>, Problem> {
    let Some(known) = ticket else { return Ok(asked) };
    let asked = asked.unwrap_or_else(|| known.to_vec());
    if asked.iter().all(|kind| known.contains(kind)) {
        return Ok(Some(asked));
    }
    let names = known.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    Err(Problem::field("types", format!("this ticket was made for these types only: {names}")))
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
        let frame = match feed.next().await? {
            Next::Event(event) => feed.frame(&event),
            Next::End(end) => {
                feed.over = true;
                ended(end, feed.named)
            }
        };
        Some((Ok(frame), feed))
    })
}

impl Feed {
    /// What comes next; none after the last word, and when the log can no longer be read.
    async fn next(&mut self) -> Option<Next> {
        if self.over {
            return None;
        }
        loop {
            // First, so that not even an event that waits already is shown to a key that has ended.
            if let Some(end) = self.life.end().await {
                return Some(Next::End(end));
            }
            if let Some(event) = self.read.pop_front() {
                return Some(Next::Event(event));
            }
            let events = tokio::select! {
                () = self.life.turn() => continue,
                events = self.reader.next() => events,
            };
            match events {
                Ok(events) => self.read.extend(events),
                Err(error) => {
                    tracing::info!(%error, "an event stream ended");
                    return None;
                }
            }
        }
    }

    fn frame(&self, event: &Event) -> sse::Event {
        let secrets = if self.key.allows(Scope::Link) {
            secrets::living(&self.state.gateway, event, self.state.clock.now())
        } else {
            serde_json::Map::new()
        };
        if !secrets.is_empty() {
            self.state.gateway.by(&self.who).read_secret(event);
        }
        encode(event, secrets, self.named)
    }
}
