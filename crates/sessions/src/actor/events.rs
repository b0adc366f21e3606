//! The events that a session tells, as they are stored. No secret is ever in them.

use enlace_domain::clock::{Timestamp, millis};
use enlace_domain::event::{EventType, NewEvent};
use enlace_domain::id::SessionId;
use enlace_domain::link::{PairingCode, Qr};
use enlace_domain::message::Message;
use enlace_domain::session::{Session, SessionState};
use serde_json::{Value, json};

fn event(session: &SessionId, kind: EventType, at: Timestamp, data: Value) -> NewEvent {
    NewEvent { session: session.clone(), kind, at, is_history: false, data }
}

/// `session.state`: the new state, the name of the one before, and whose session it is now.
pub(crate) fn state_changed(session: &Session, from: Option<&SessionState>) -> NewEvent {
    let data = json!({
        "from": from.map(|state| state.name.as_str()),
        "state": session.state,
        "desired": session.desired,
        "network": session.network.as_str(),
        "phone": session.phone,
        "lid": session.lid,
        "push_name": session.push_name,
    });
    event(&session.id, EventType::SessionState, session.state.since, data)
}

/// `session.qr`: everything but the payload.
pub(crate) fn qr_issued(session: &SessionId, qr: &Qr) -> NewEvent {
    let data = json!({
        "seq": qr.seq,
        "round": qr.round,
        "issued_at": millis::format(&qr.issued_at),
        "expires_at": millis::format(&qr.expires_at),
    });
    event(session, EventType::SessionQr, qr.issued_at, data)
}

/// `session.pairing_code` with `status` `issued` or `renewed`: everything but the characters.
pub(crate) fn code_issued(session: &SessionId, code: &PairingCode, round: u64, renewed: bool) -> NewEvent {
    let data = json!({
        "status": if renewed { "renewed" } else { "issued" },
        "seq": code.seq,
        "round": round,
        "phone": code.phone,
        "issued_at": millis::format(&code.issued_at),
        "expires_at": millis::format(&code.expires_at),
    });
    event(session, EventType::SessionPairingCode, code.issued_at, data)
}

/// `session.pairing_code` with `status: dead`.
pub(crate) fn code_dead(session: &SessionId, seq: u64, round: u64, reason: &str, at: Timestamp) -> NewEvent {
    let data = json!({ "status": "dead", "seq": seq, "round": round, "reason": reason });
    event(session, EventType::SessionPairingCode, at, data)
}

/// `session.passkey` with `status: confirm`: the code itself is read from the session.
pub(crate) fn passkey_to_confirm(session: &SessionId, at: Timestamp) -> NewEvent {
    event(session, EventType::SessionPasskey, at, json!({ "status": "confirm" }))
}

/// `session.passkey`: the network's request options are public by their nature.
pub(crate) fn passkey_requested(session: &SessionId, options: &Value, at: Timestamp) -> NewEvent {
    event(session, EventType::SessionPasskey, at, json!({ "status": "requested", "options": options }))
}

/// `session.deleted`: the last event of a session.
pub(crate) fn deleted(session: &SessionId, at: Timestamp) -> NewEvent {
    event(session, EventType::SessionDeleted, at, json!({}))
}

/// `message.received`, or `message.sent` for one written on the phone.
pub(crate) fn message_arrived(message: &Message, at: Timestamp) -> NewEvent {
    let kind = if message.from_me { EventType::MessageSent } else { EventType::MessageReceived };
    let data = serde_json::to_value(message).expect("a message is plain data with text keys");
    event(&message.session, kind, at, data)
}
