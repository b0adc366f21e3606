//! One event as it goes over the wire.

use axum::response::sse;
use enlace_domain::event::Event;
use enlace_sessions::KeyEnd;
use serde_json::{Map, Value, json};

/// `id:` is the sequence number, `event:` the type unless the reader hears only unnamed events, `data:` the envelope.
pub(super) fn encode(event: &Event, secrets: Map<String, Value>, named: bool) -> sse::Event {
    let frame = sse::Event::default().id(event.seq.to_string()).data(envelope(event, secrets));
    if named { frame.event(event.kind.as_str()) } else { frame }
}

/// The last word of a stream whose key has ended. It is no event of the log and has no id, so that a reader who comes
/// back goes on where it was.
pub(super) fn ended(end: KeyEnd, named: bool) -> sse::Event {
    const KIND: &str = "stream.ended";
    let detail = match end {
        KeyEnd::Revoked => "the key of this stream was revoked",
        KeyEnd::Expired => "the key of this stream has expired",
        KeyEnd::Changed => "what the key of this stream may do was changed; open the stream again",
    };
    let data = json!({ "type": KIND, "code": end.code(), "detail": detail });
    let frame = sse::Event::default().data(data.to_string());
    if named { frame.event(KIND) } else { frame }
}

fn envelope(event: &Event, secrets: Map<String, Value>) -> String {
    let text = if secrets.is_empty() {
        serde_json::to_string(event)
    } else {
        let mut whole = event.clone();
        if let Value::Object(data) = &mut whole.data {
            data.extend(secrets);
        }
        serde_json::to_string(&whole)
    };
    text.expect("an event is plain data with text keys")
}
