//! One event as it goes over the wire.

use axum::response::sse;
use enlace_domain::event::Event;
use serde_json::{Map, Value};

/// `id:` is the sequence number, `event:` the type unless the reader hears only unnamed events, `data:` the envelope.
pub(super) fn encode(event: &Event, secrets: Map<String, Value>, named: bool) -> sse::Event {
    let frame = sse::Event::default().id(event.seq.to_string()).data(envelope(event, secrets));
    if named { frame.event(event.kind.as_str()) } else { frame }
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
