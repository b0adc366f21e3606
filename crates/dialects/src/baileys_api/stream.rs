//! The stream of `add-sse`: a session's connection as it goes, one item after the other, from its state and its
//! events.

use super::BaileysStream;
use super::errors::{EXISTS, Refused};
use super::translate::{self, Standing};
use super::wire::answer::{ErrorBody, QrBody};
use super::wire::connection::{Connection, Update};
use crate::frame::guest::{Guest, Links};
use crate::frame::picture;
use axum::http::{HeaderValue, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use enlace_domain::clock::Timestamp;
use enlace_domain::event::{Event, EventFilter, EventType};
use enlace_domain::id::SessionId;
use enlace_domain::link::{LinkMethod, Qr};
use enlace_domain::session::Session;
use enlace_sessions::{Cursor, EventReader, GatewayError, KeyWatch, LinkRequest, WatchGuard};
use futures::{StreamExt, stream};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// So many QRs; the stream ends when the next one is there.
const QRS: u32 = 5;

/// How often a line is sent that no client hears, so that nobody in between takes the stream for dead.
const PING: Duration = Duration::from_secs(15);

const KINDS: [EventType; 3] = [EventType::SessionState, EventType::SessionQr, EventType::SessionDeleted];

struct Feed {
    guest: Guest<BaileysStream, Links>,
    session: SessionId,
    reader: EventReader,
    life: KeyWatch,
    /// What was not read yet.
    items: VecDeque<String>,
    /// What was told last of the connection.
    last: Option<Connection>,
    /// How many QRs were shown, and the number of the last.
    qrs: u32,
    seq: u64,
    /// When a link is begun, while that has to wait.
    begins_at: Option<Timestamp>,
    /// Nothing follows the items that are left.
    over: bool,
    /// Keeps the QRs rotating while the stream is read.
    _watch: WatchGuard,
}

/// Answers with the stream of a session. One that waits for a phone already is joined, unless `strict`.
pub(super) async fn open(
    guest: Guest<BaileysStream, Links>,
    session: SessionId,
    strict: bool,
) -> Result<Response, Refused> {
    let filter = EventFilter { sessions: Some(vec![session.clone()]), kinds: Some(KINDS.to_vec()) };
    let ended = guest.state().shutdown.clone().cancelled_owned();
    let mut feed = Feed {
        // From now on, before anything is asked, so that nothing of what comes of it is missed.
        reader: guest.gateway().read_events(filter, Cursor::Now).await?,
        life: guest.gateway().watch_key(guest.key()),
        _watch: guest.gateway().watch(&session)?,
        guest,
        session,
        items: VecDeque::new(),
        last: None,
        qrs: 0,
        seq: 0,
        begins_at: None,
        over: false,
    };
    feed.begin(strict).await?;
    let items = stream::unfold(feed, |mut feed| async {
        let item = feed.next().await?;
        Some((Ok::<_, Infallible>(sse::Event::default().data(item)), feed))
    });
    let stream = Sse::new(items.take_until(ended));
    let mut response = if strict {
        stream.into_response()
    } else {
        stream.keep_alive(KeepAlive::new().interval(PING).text("ping")).into_response()
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    Ok(response)
}

impl Feed {
    async fn begin(&mut self, strict: bool) -> Result<(), GatewayError> {
        self.begins_at = None;
        let session = self.guest.gateway().session(&self.session)?.session;
        match translate::standing(&session) {
            Standing::Linking if !strict => self.join().await,
            Standing::Linking | Standing::Taken => {
                self.say(&ErrorBody { error: EXISTS });
                self.over = true;
            }
            Standing::Free => {
                self.begins_at = translate::begins_at(&session, self.guest.state().clock.now());
                if self.begins_at.is_some() {
                    self.tell_connecting();
                } else {
                    self.link().await;
                }
            }
        }
        Ok(())
    }

    /// Begins a link. What comes of it is heard from the log.
    async fn link(&mut self) {
        let request = LinkRequest {
            method: LinkMethod::Qr,
            phone: None,
            force: false,
            expect_phone: None,
            custom_code: None,
            wait: Duration::ZERO,
        };
        let begun = self.guest.by().link(&self.session, request).await;
        // Nothing was begun, so nothing will be heard.
        if let Err(error @ (GatewayError::Refused(_) | GatewayError::NetworkUnavailable(_))) = begun {
            tracing::info!(session = %self.session, %error, "a link was not begun");
            self.over = true;
        }
    }

    /// Takes part in a link under way: its newest QR, if there is one already, and what follows.
    async fn join(&mut self) {
        self.tell_connecting();
        if let Ok(qr) = self.guest.by().qr(&self.session, Duration::ZERO).await {
            self.show(&qr);
        }
    }

    /// The next item; none when the key has ended, or the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            // First, so that not even an item that waits already is shown to a key that has ended.
            if self.life.end().await.is_some() {
                return None;
            }
            if let Some(item) = self.items.pop_front() {
                return Some(item);
            }
            if self.over {
                return None;
            }
            let pause = self.begins_at.map(|at| at - self.guest.state().clock.now());
            let read = tokio::select! {
                () = self.life.turn() => continue,
                () = sleep(pause.map(|pause| pause.to_std().unwrap_or_default())) => None,
                read = self.reader.next() => Some(read),
            };
            match read {
                None => self.begin(false).await.ok()?,
                Some(Ok(events)) => self.hear(&events),
                Some(Err(error)) => {
                    tracing::info!(session = %self.session, %error, "a stream of baileys-api's ended");
                    return None;
                }
            }
        }
    }

    fn hear(&mut self, events: &[Arc<Event>]) {
        // Whoever made it begin, it has.
        self.begins_at = None;
        for event in events {
            match event.kind {
                _ if self.over => return,
                EventType::SessionQr => self.hear_qr(event),
                EventType::SessionState => self.hear_state(event),
                _ => self.over = true,
            }
        }
    }

    fn hear_state(&mut self, event: &Event) {
        let Some(state) = translate::state(event) else { return };
        let Some(items) = translate::items(self.last, &state, event.at) else {
            self.over = true;
            return;
        };
        let was = self.last;
        self.tell(items);
        let opened = self.last == Some(Connection::Open) && was != self.last;
        if opened && let Ok(snapshot) = self.guest.gateway().session(&self.session) {
            warn_of_another_number(&snapshot.session);
        }
    }

    /// The event has no secret; that is the session's, while it lives.
    fn hear_qr(&mut self, event: &Event) {
        let now = self.guest.state().clock.now();
        let snapshot = self.guest.gateway().session(&self.session);
        let Some(qr) = snapshot.ok().and_then(|snapshot| snapshot.live_qr(now)) else { return };
        if self.show(&qr) {
            self.guest.by().read_secret(event);
        }
    }

    /// Shows a QR, unless it is on show already or was one too many.
    fn show(&mut self, qr: &Qr) -> bool {
        if qr.seq <= self.seq {
            return false;
        }
        self.over = self.qrs == QRS;
        let Ok(picture) = picture::data_uri(qr.payload.expose_secret()) else { return false };
        if self.over {
            return false;
        }
        self.tell_connecting();
        self.say(&QrBody { qr: picture });
        (self.qrs, self.seq) = (self.qrs + 1, qr.seq);
        true
    }

    /// The first word of a stream, whatever it is about.
    fn tell_connecting(&mut self) {
        if self.last.is_none() {
            self.tell(vec![translate::connecting()]);
        }
    }

    fn tell(&mut self, updates: Vec<Update>) {
        for update in updates {
            self.last = update.connection.or(self.last);
            self.say(&update);
        }
    }

    fn say(&mut self, item: &impl Serialize) {
        self.items.extend(serde_json::to_string(item));
    }
}

/// A session that is called by a number is expected to have it; clients of the vendor send from it by that name.
pub(super) fn warn_of_another_number(session: &Session) {
    if let Some(named) = translate::another_number(session) {
        let linked = &session.phone;
        tracing::warn!(session = %session.id, ?named, ?linked, "a session was linked to another number than its name");
    }
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
