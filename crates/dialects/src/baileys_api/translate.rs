//! The vendor's words for ours. Pure.

use super::wire::answer::{Status, StatusBody};
use super::wire::connection::{
    Attrs, Boom, Connection, Headers, LastDisconnect, Output, Payload, StreamError, Update,
};
use super::wire::message::{Key, Row, WebMessageInfo};
use super::wire::socket::{Emitted, Outcome, Told};
use chrono::TimeDelta;
use enlace_domain::address::{PhoneNumber, Server};
use enlace_domain::alias::Dialect;
use enlace_domain::clock::{Timestamp, millis};
use enlace_domain::event::{Event, EventType};
use enlace_domain::message::{self, Content, Message};
use enlace_domain::session::{PairingStep, Session, SessionState, StateName};
use serde_json::{Map, Value, json};

/// How long a link that ended without a phone rests until a reader, who may be a page that somebody forgot, begins the
/// next.
const PAUSE: TimeDelta = TimeDelta::seconds(60);

/// What the states say when somebody asked for a connection, and it was not lost.
const ASKED: &str = "asked";

/// What a session is to somebody who adds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has no phone and wants none: the vendor would have forgotten it, and adding it begins a link.
    Free,
    /// A phone is being waited for, or has just accepted.
    Linking,
    /// It has a phone, or may have none.
    Taken,
}

/// What a session is to somebody who adds it.
pub(super) fn standing(session: &Session) -> Standing {
    match session.state.name {
        StateName::Pairing => Standing::Linking,
        StateName::Restricted => Standing::Taken,
        _ if session.linked => Standing::Taken,
        name if name.is_linking() => Standing::Linking,
        _ => Standing::Free,
    }
}

/// When a reader may begin the next link, if that is not now.
pub(super) fn begins_at(session: &Session, now: Timestamp) -> Option<Timestamp> {
    let at = session.state.since + PAUSE;
    (session.state.name == StateName::LinkExpired && at > now).then_some(at)
}

/// The name that the vendor's clients know a session by.
pub(super) fn name(session: &Session) -> String {
    let alias = session.aliases.get(&Dialect::BaileysApi);
    alias.map_or_else(|| session.id.to_string(), |alias| alias.name.clone())
}

/// The phone number that a session is called by, if it is linked to another one.
pub(super) fn another_number(session: &Session) -> Option<PhoneNumber> {
    let (named, linked) = (PhoneNumber::parse(&name(session)).ok()?, session.phone.as_ref()?);
    (!named.is_same_line(linked)).then_some(named)
}

/// The word for a state (contract section 4).
pub(super) fn status(state: &SessionState, now: Timestamp) -> Status {
    match state.name {
        StateName::Connecting => Status::PullingWaData,
        StateName::AwaitingScan | StateName::AwaitingCode | StateName::AwaitingPasskey => {
            Status::WaitForQrcodeAuth
        }
        StateName::Pairing => match state.step {
            Some(PairingStep::Accepted) => Status::WaitForQrcodeAuth,
            Some(PairingStep::Restarting) => Status::Disconected,
            Some(PairingStep::Connecting | PairingStep::Syncing) | None => Status::PullingWaData,
        },
        StateName::Online | StateName::Stalled => Status::Connected,
        StateName::Reconnecting if state.retry_at.is_some_and(|at| at <= now) => Status::PullingWaData,
        StateName::Reconnecting
        | StateName::Unlinked
        | StateName::LinkExpired
        | StateName::LoggedOut
        | StateName::Replaced
        | StateName::Restricted
        | StateName::Stopped => Status::Disconected,
    }
}

/// The state that an event tells of, unless that is a session's first: nothing has happened then.
pub(super) fn state(event: &Event) -> Option<SessionState> {
    if event.data.get("from").is_some_and(Value::is_null) {
        return None;
    }
    serde_json::from_value(event.data.get("state")?.clone()).ok()
}

/// The items by which a stream tells of a new state to a reader who was told `last` of the connection; none when the
/// stream ends there, without a word as the vendor's does.
pub(super) fn items(last: Option<Connection>, state: &SessionState, at: Timestamp) -> Option<Vec<Update>> {
    let reason = state.reason.as_deref().unwrap_or(ASKED);
    let is_connecting = last == Some(Connection::Connecting);
    let items = match state.name {
        StateName::Connecting if is_connecting && reason == ASKED => vec![],
        StateName::Connecting if matches!(last, None | Some(Connection::Close)) => vec![connecting()],
        StateName::Connecting => vec![closed(reason, at), connecting()],
        StateName::Pairing => match state.step {
            Some(PairingStep::Accepted) => vec![Update { is_new_login: Some(true), ..Update::default() }],
            Some(PairingStep::Restarting) => vec![closed("restart-required", at)],
            Some(PairingStep::Connecting) if !is_connecting => vec![connecting()],
            _ => vec![],
        },
        StateName::Online if last == Some(Connection::Open) => vec![],
        StateName::Online if is_connecting => opened(),
        StateName::Online => std::iter::once(connecting()).chain(opened()).collect(),
        // Another one while it is closed: an attempt between the two has failed.
        StateName::Reconnecting if last == Some(Connection::Close) => vec![connecting(), closed(reason, at)],
        StateName::Reconnecting => vec![closed(reason, at)],
        StateName::AwaitingScan
        | StateName::AwaitingCode
        | StateName::AwaitingPasskey
        | StateName::Stalled => vec![],
        StateName::Unlinked
        | StateName::LinkExpired
        | StateName::LoggedOut
        | StateName::Replaced
        | StateName::Restricted
        | StateName::Stopped => return None,
    };
    Some(items)
}

/// A socket is being opened.
pub(super) fn connecting() -> Update {
    let connection = Some(Connection::Connecting);
    Update { connection, received_pending_notifications: Some(false), ..Update::default() }
}

/// Linked, or back again.
fn opened() -> Vec<Update> {
    let open = Update { connection: Some(Connection::Open), ..Update::default() };
    vec![open, Update { received_pending_notifications: Some(true), ..Update::default() }]
}

/// A socket is gone. The errors are those that Baileys has for it.
fn closed(reason: &str, at: Timestamp) -> Update {
    let (status_code, error, message) = match reason {
        "restart-required" => (515, "Unknown", "Stream Errored (restart required)".to_owned()),
        "next-round" => (408, "Request Time-out", "QR refs attempts ended".to_owned()),
        "stalled" | "login-timeout" | "no-qr-from-network" | "connection-vanished" => {
            (408, "Request Time-out", "Connection was lost".to_owned())
        }
        _ if reason.starts_with("proxy-") || DIALS.contains(&reason) => {
            (408, "Request Time-out", format!("WebSocket Error ({reason})"))
        }
        _ => (428, "Precondition Required", "Connection Terminated".to_owned()),
    };
    let asked = status_code == 515;
    let data = asked.then_some(StreamError { tag: "stream:error", attrs: Attrs { code: "515" } });
    let payload = Payload { status_code, error, message };
    let output = Output { status_code, payload, headers: Headers {} };
    let error = Boom { data, is_boom: true, is_server: asked, output };
    let last_disconnect = Some(LastDisconnect { error, date: millis::format(&at) });
    Update { connection: Some(Connection::Close), last_disconnect, ..Update::default() }
}

/// Reasons of a socket that did not come up.
const DIALS: [&str; 4] = ["dial-failed", "certificate-refused", "server-busy", "network-unreachable"];

/// A text of ours as its sender hears of it.
pub(super) fn info(message: &Message) -> WebMessageInfo {
    let is_group = message.chat.server() == Server::Group;
    WebMessageInfo {
        key: key(message),
        message: content(message),
        message_timestamp: message.at.timestamp().to_string(),
        status: "PENDING",
        participant: is_group.then(|| message.from.to_string()),
    }
}

/// A message as it is listed in the session that is called `session`.
pub(super) fn row(message: &Message, session: &str) -> Row {
    let key = key(message);
    Row {
        pk_id: number(message.id.as_str()),
        session_id: session.to_owned(),
        remote_jid: key.remote_jid.clone(),
        id: message.wa_id.clone(),
        participant: key.participant.clone(),
        key,
        message: content(message),
        message_timestamp: message.at.timestamp().to_string(),
        push_name: message.push_name.clone(),
        status: match message.status {
            message::Status::Failed => Some(0),
            message::Status::Queued => Some(1),
            message::Status::Sent => Some(2),
            message::Status::Delivered => Some(3),
            message::Status::Read => Some(4),
            message::Status::Played => Some(5),
            message::Status::Received => None,
        },
    }
}

fn key(message: &Message) -> Key {
    let theirs_in_group = message.chat.server() == Server::Group && !message.from_me;
    Key {
        remote_jid: message.chat.to_string(),
        from_me: message.from_me,
        id: message.wa_id.clone(),
        participant: theirs_in_group.then(|| message.from.to_string()),
    }
}

/// A message as the protocol writes it. Ours go as extended texts, and those of others may have been either.
fn content(message: &Message) -> Map<String, Value> {
    let (kind, said) = match &message.content {
        Content::Text(text) if message.from_me => ("extendedTextMessage", json!({ "text": text })),
        Content::Text(text) => ("conversation", text.as_str().into()),
        Content::Unsupported { kind } => (kind.as_str(), json!({})),
        _ => return Map::new(),
    };
    Map::from_iter([(kind.to_owned(), said)])
}

/// A number for a message that grows as they are stored, where the vendor has its database's: of our id the
/// milliseconds and four bits of chance, which is as much as a number in JSON holds.
fn number(id: &str) -> u64 {
    let digits = id.rsplit('_').next().unwrap_or_default();
    let part = |range: std::ops::Range<usize>| {
        digits.get(range).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default()
    };
    (part(0..12) << 4) | part(13..14)
}

/// What Socket.IO emits for an event of ours in the session that is called `session`. `qr` is the picture of the QR
/// that an event tells of, while that lives.
#[cfg_attr(not(test), expect(dead_code, reason = "Socket.IO is the next thing to be built on this"))]
pub(super) fn emitted(event: &Event, session: &str, qr: Option<String>, now: Timestamp) -> Option<Emitted> {
    let message = || serde_json::from_value::<Message>(event.data.clone()).ok();
    let one = |message: &Message| Told::Message { messages: Box::new(row(message, session)) };
    let (name, told) = match event.kind {
        EventType::SessionQr => ("qrcode.updated", Told::Qr { qr: qr? }),
        EventType::SessionState => {
            let status = status(&state(event)?, now);
            ("connection.update", Told::Status(StatusBody { status }))
        }
        // Also what was written on the phone.
        EventType::MessageReceived | EventType::MessageSent => ("messages.upsert", one(&message()?)),
        EventType::MessageStatus => ("messages.update", one(&message()?)),
        _ => return None,
    };
    Some(payload(name, session, told))
}

/// What Socket.IO emits besides when a message was sent by a request. The log cannot tell that from one that was
/// written on the phone.
#[cfg_attr(not(test), expect(dead_code, reason = "Socket.IO is the next thing to be built on this"))]
pub(super) fn emitted_by_request(message: &Message, session: &str) -> Emitted {
    let told = Told::Sent { jid: message.chat.to_string(), result: Box::new(info(message)) };
    payload("send.message", session, told)
}

fn payload(event: &'static str, session: &str, told: Told) -> Emitted {
    Emitted { event, session_id: session.to_owned(), data: Outcome { status: "success", data: told } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::address::{Jid, Person};
    use enlace_domain::id::{EventId, MessageId, SessionId};

    fn at() -> Timestamp {
        Timestamp::from_timestamp_millis(1_795_233_191_943).unwrap()
    }

    fn told(states: &[SessionState]) -> Vec<String> {
        let (mut last, mut all) = (None, Vec::new());
        for state in states {
            let Some(updates) = items(last, state, at()) else {
                all.push("end".to_owned());
                break;
            };
            last = updates.iter().rev().find_map(|update| update.connection).or(last);
            all.extend(updates.iter().map(|update| serde_json::to_string(update).unwrap()));
        }
        all
    }

    const CONNECTING: &str = r#"{"connection":"connecting","receivedPendingNotifications":false}"#;
    const OPEN: &str = r#"{"connection":"open"}"#;
    const RECEIVED: &str = r#"{"receivedPendingNotifications":true}"#;

    #[test]
    fn a_link_is_told_item_by_item_as_captured() {
        let plain = |name| SessionState::plain(name, at());
        let pairing = |step| SessionState::pairing(step, at());
        let told = told(&[
            plain(StateName::Connecting).because("asked"),
            plain(StateName::AwaitingScan),
            pairing(PairingStep::Accepted),
            pairing(PairingStep::Restarting),
            pairing(PairingStep::Connecting),
            pairing(PairingStep::Syncing),
            plain(StateName::Online),
            SessionState::reconnecting(1, at(), "stream-ended", at()),
            plain(StateName::Online),
            plain(StateName::LoggedOut).because("device-removed"),
        ]);
        let restart = concat!(
            r#"{"connection":"close","lastDisconnect":{"error":{"data":{"tag":"stream:error","#,
            r#""attrs":{"code":"515"}},"isBoom":true,"isServer":true,"output":{"statusCode":515,"#,
            r#""payload":{"statusCode":515,"error":"Unknown","message":"Stream Errored (restart required)""#,
            r#"},"headers":{}}},"date":"2026-11-21T03:13:11.943Z"}}"#
        );
        let lost = concat!(
            r#"{"connection":"close","lastDisconnect":{"error":{"data":null,"isBoom":true,"isServer":false,"#,
            r#""output":{"statusCode":428,"payload":{"statusCode":428,"error":"Precondition Required","#,
            r#""message":"Connection Terminated"},"headers":{}}},"date":"2026-11-21T03:13:11.943Z"}}"#
        );
        let expected = [
            CONNECTING,
            r#"{"isNewLogin":true}"#,
            restart,
            CONNECTING,
            OPEN,
            RECEIVED,
            lost,
            CONNECTING,
            OPEN,
            RECEIVED,
            "end",
        ];
        assert_eq!(
            told,
            expected.map(|item| item.replace("2026-11-21T03:13:11.943Z", &millis::format(&at())))
        );
    }

    #[test]
    fn a_link_that_loses_its_socket_is_told_so_and_its_end_is_silent() {
        let plain = |name| SessionState::plain(name, at());
        let told = told(&[
            plain(StateName::Connecting).because("asked"),
            plain(StateName::Connecting).because("asked"),
            plain(StateName::Connecting).because("dial-failed"),
            plain(StateName::AwaitingScan),
            plain(StateName::Connecting).because("next-round"),
            plain(StateName::LinkExpired).because("round-over"),
        ]);
        let closes: Vec<_> = told.iter().filter(|item| item.contains("close")).collect();
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(closes[0].contains("WebSocket Error (dial-failed)"), "{told:?}");
        assert!(closes[1].contains("QR refs attempts ended"), "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("end"));
    }

    #[test]
    fn an_event_becomes_the_payload_of_a_socket() {
        let session = SessionId::random();
        let event = |kind, data| Event {
            id: EventId::random(),
            seq: 1,
            session_seq: 1,
            session: session.clone(),
            kind,
            at: at(),
            is_history: false,
            data,
        };
        let emitted = |event: &Event, qr: Option<&str>| {
            let emitted = emitted(event, "s1", qr.map(str::to_owned), at());
            emitted.map(|emitted| serde_json::to_value(emitted).unwrap())
        };
        let qr = event(EventType::SessionQr, json!({ "seq": 1 }));
        assert!(emitted(&qr, None).is_none());
        let data = json!({ "status": "success", "data": { "qr": "data:" } });
        let expected = json!({ "event": "qrcode.updated", "session_id": "s1", "data": data });
        assert_eq!(emitted(&qr, Some("data:")), Some(expected));
        let online = json!({ "state": SessionState::plain(StateName::Online, at()) });
        let emitted = emitted(&event(EventType::SessionState, online), None).unwrap();
        assert_eq!(emitted["event"], "connection.update");
        assert_eq!(emitted["data"]["data"]["status"], "connected");
    }

    #[test]
    fn a_message_that_was_sent_has_its_two_forms() {
        let to = Jid::parse("999100000002").unwrap();
        let message = Message {
            id: MessageId::from_text("msg_0199d0a1b2c37def8000000000000000"),
            wa_id: "3EB0".to_owned(),
            session: SessionId::random(),
            chat: to.clone(),
            chat_person: Person::from_jids([to]),
            from: Jid::parse("999100000001").unwrap(),
            from_person: Person::default(),
            from_me: true,
            push_name: None,
            at: at(),
            status: message::Status::Sent,
            error: None,
            content: Content::Text("hello".to_owned()),
        };
        let key = json!({ "remoteJid": "999100000002@s.whatsapp.net", "fromMe": true, "id": "3EB0" });
        let said = json!({ "extendedTextMessage": { "text": "hello" } });
        let sent = serde_json::to_value(emitted_by_request(&message, "s1")).unwrap();
        let info = json!({
            "key": key, "message": said, "messageTimestamp": "1795233191", "status": "PENDING"
        });
        assert_eq!(sent["data"]["data"], json!({ "jid": "999100000002@s.whatsapp.net", "result": info }));
        let row = serde_json::to_value(row(&message, "s1")).unwrap();
        assert_eq!(row["pkId"], 0x199d_0a1b_2c3d_u64);
        assert_eq!((&row["key"], &row["status"], &row["sessionId"]), (&key, &json!(2), &json!("s1")));
    }
}
