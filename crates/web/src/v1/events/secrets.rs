//! The secret of a QR or code event, added when the event is read: only while that very secret lives, and only for keys
//! that may read it. It is never stored.

use enlace_domain::clock::Timestamp;
use enlace_domain::event::{Event, EventType};
use enlace_sessions::Gateway;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

/// The members to add to an event's data; empty for every event without a living secret.
pub(super) fn living(gateway: &Gateway, event: &Event, now: Timestamp) -> Map<String, Value> {
    match event.kind {
        EventType::SessionQr => qr(gateway, event, now),
        EventType::SessionPairingCode => code(gateway, event, now),
        _ => None,
    }
    .unwrap_or_default()
}

fn qr(gateway: &Gateway, event: &Event, now: Timestamp) -> Option<Map<String, Value>> {
    let qr = gateway.session(&event.session).ok()?.live_qr(now)?;
    if event.data.get("seq")?.as_u64()? != qr.seq {
        return None;
    }
    let payload = qr.payload.expose_secret();
    Some(members([("qr", payload), ("uri", qr.uri().expose_secret())]))
}

fn code(gateway: &Gateway, event: &Event, now: Timestamp) -> Option<Map<String, Value>> {
    let code = gateway.session(&event.session).ok()?.live_code(now)?;
    // A renewal keeps the number of its code; the word that it died holds no code at all.
    let tells_a_code = event.data.get("status").and_then(Value::as_str) != Some("dead");
    if !tells_a_code || event.data.get("seq")?.as_u64()? != code.seq {
        return None;
    }
    Some(members([("code", code.code.expose_secret()), ("display", code.display().expose_secret())]))
}

fn members<const N: usize>(pairs: [(&str, &str); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}
