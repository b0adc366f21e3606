//! Press Ticket's words for ours. Pure.

use super::wire;
use super::wire::whatsapp::{Status, Whatsapp};
use enlace_domain::address::Jid;
use enlace_domain::alias::Dialect;
use enlace_domain::clock::{Timestamp, millis};
use enlace_domain::message::{self, Content, Message};
use enlace_domain::session::{Session, StateName};
use enlace_sessions::Snapshot;
use secrecy::ExposeSecret;
use serde_json::Value;

/// What the vendor gives a connection that brings no colour.
const COLOR: &str = "#5C59A0";

/// Where a connection's own texts lie among the session's metadata.
pub(super) const METADATA: &str = "press-ticket";

/// The word for a state (contract row 2.2). Where the vendor would go on asking by itself and we rest, the word is the one
/// that says that nothing is going on.
pub(super) fn status(state: StateName) -> Status {
    match state {
        StateName::Connecting | StateName::Reconnecting => Status::Opening,
        StateName::AwaitingScan | StateName::AwaitingCode => Status::Qrcode,
        StateName::AwaitingPasskey => Status::Pairing,
        StateName::Pairing => Status::Authenticated,
        StateName::Online => Status::Connected,
        StateName::Stalled => Status::Timeout,
        StateName::Unlinked
        | StateName::LinkExpired
        | StateName::LoggedOut
        | StateName::Replaced
        | StateName::Restricted
        | StateName::Stopped => Status::Disconnected,
    }
}

/// The number that Press Ticket's clients know a session by.
pub(super) fn number(session: &Session) -> u32 {
    let alias = session.aliases.get(&Dialect::PressTicket);
    alias.and_then(|alias| alias.name.parse().ok()).unwrap_or_default()
}

/// A connection as its holder may see it: the QR and the code only for who may link. `first` is the lowest number within
/// reach, which the vendor takes as the default.
pub(super) fn whatsapp(snapshot: &Snapshot, now: Timestamp, links: bool, first: u32) -> Whatsapp {
    let session = &snapshot.session;
    let status = status(session.state.name);
    let qr = snapshot.live_qr(now).filter(|_| links && status == Status::Qrcode);
    let code = snapshot.live_code(now).filter(|_| links);
    let was_shown = session.qr_count > 0;
    let number_of = |linked: bool| match (&session.phone, linked) {
        (Some(phone), true) => Some(phone.as_str().to_owned()),
        (Some(_), false) => Some(String::new()),
        (None, _) => None,
    };
    let own = session.metadata.get(METADATA).and_then(Value::as_object);
    let text = |name: &str| own?.get(name)?.as_str().map(str::to_owned);
    let id = number(session);
    Whatsapp {
        id,
        name: session.name.clone().unwrap_or_else(|| session.id.to_string()),
        session: session.phone.is_some().then_some(""),
        qrcode: match &qr {
            Some(qr) => Some(qr.payload.expose_secret().to_owned()),
            None => was_shown.then(String::new),
        },
        status,
        number: number_of(session.linked && status != Status::Disconnected),
        retries: session.state.attempt.unwrap_or(0),
        greeting_message: text("greetingMessage"),
        farewell_message: text("farewellMessage"),
        kind: was_shown.then_some("wwebjs"),
        is_default: id == first,
        is_display: false,
        is_business: false,
        color: text("color").unwrap_or_else(|| COLOR.to_owned()),
        pairing_code: match &code {
            Some(code) => Some(code.code.expose_secret().to_owned()),
            None => (session.code_count > 0).then(String::new),
        },
        pairing_code_expires_at: code.map(|code| millis::format(&code.expires_at)),
        created_at: millis::format(&session.created_at),
        updated_at: millis::format(&session.state.since),
        queues: [],
    }
}

/// A text of ours as its sender hears of it.
pub(super) fn message(message: &Message) -> wire::message::Message {
    let (from, to) = (chat_id(&message.from), chat_id(&message.chat));
    let body = match &message.content {
        Content::Text(text) => text.clone(),
        _ => String::new(),
    };
    let id = wire::message::MessageId {
        from_me: message.from_me,
        serialized: format!("{}_{to}_{}", message.from_me, message.wa_id),
        remote: to.clone(),
        id: message.wa_id.clone(),
    };
    wire::message::Message {
        id,
        ack: u8::from(message.status != message::Status::Queued),
        has_media: false,
        body,
        kind: "chat",
        timestamp: message.at.timestamp(),
        from,
        to,
        device_type: "web",
        is_forwarded: false,
        forwarding_score: 0,
        is_status: false,
        is_starred: false,
        from_me: message.from_me,
        has_quoted_msg: false,
        has_reaction: false,
        vcards: [],
        mentioned_ids: [],
        group_mentions: [],
        is_gif: false,
        links: [],
    }
}

/// An address as whatsapp-web.js writes it.
fn chat_id(jid: &Jid) -> String {
    match jid.to_phone() {
        Some(phone) => format!("{}@c.us", phone.as_str()),
        None => jid.to_string(),
    }
}
