//! Wassenger's words for ours. Pure.

use super::wire::device::{
    Billing, Device, DeviceSession, Health, Profile, SessionStatus, Status, Subscription,
};
use super::wire::message::{DeliveryStatus, Message as Shown, Status as MessageStatus};
use super::wire::scan::AuthCode;
use enlace_domain::address::{Jid, PhoneNumber, Server};
use enlace_domain::alias::Dialect;
use enlace_domain::clock::{Timestamp, millis};
use enlace_domain::id::MessageId;
use enlace_domain::link::PairingCode;
use enlace_domain::message::{self, Content, Message};
use enlace_domain::session::{Desired, Session, StateName};
use secrecy::ExposeSecret;
use serde_json::Value;

/// Where a device's own texts lie among the session's metadata.
pub(super) const METADATA: &str = "wassenger";
/// The plan of a device that brings none.
const PLAN: &str = "io-enterprise";

/// The id that Wassenger's clients know a session by.
pub(super) fn id(session: &Session) -> String {
    session.aliases.get(&Dialect::Wassenger).map(|alias| alias.name.clone()).unwrap_or_default()
}

/// A number as this vendor writes it.
pub(super) fn e164(phone: &PhoneNumber) -> String {
    format!("+{phone}")
}

/// An address as this vendor writes it.
pub(super) fn wid(jid: &Jid) -> String {
    match jid.server() {
        Server::Phone => format!("{}@c.us", jid.user()),
        _ => jid.to_string(),
    }
}

/// What is switched off by its owner is disabled, and what has a phone is in operation, whether it is connected or
/// not.
pub(super) fn status(session: &Session) -> Status {
    if is_disabled(session) {
        Status::Disabled
    } else if session.linked && session.state.name != StateName::Pairing {
        Status::Operative
    } else {
        Status::Pending
    }
}

/// Whether someone said that it shall rest.
pub(super) fn is_disabled(session: &Session) -> bool {
    session.state.name == StateName::Stopped && session.desired == Desired::Stopped
}

/// The word for a state (contract section 2.4).
pub(super) fn session_status(session: &Session) -> SessionStatus {
    match session.state.name {
        StateName::Unlinked
        | StateName::LinkExpired
        | StateName::LoggedOut
        | StateName::AwaitingScan
        | StateName::AwaitingCode
        | StateName::AwaitingPasskey => SessionStatus::Authorize,
        StateName::Connecting => SessionStatus::Loading,
        StateName::Pairing => SessionStatus::Authorizing,
        StateName::Online => SessionStatus::Online,
        StateName::Stalled => SessionStatus::Timeout,
        StateName::Replaced => SessionStatus::Conflict,
        StateName::Restricted => SessionStatus::Blocked,
        // Nobody stopped it: the network it belongs to is not configured.
        StateName::Stopped if session.desired == Desired::Running => SessionStatus::Error,
        StateName::Stopped | StateName::Reconnecting => SessionStatus::Offline,
    }
}

/// The health of a device, which has fewer words.
pub(super) fn health(session: &Session) -> Health {
    let status = match session_status(session) {
        SessionStatus::Timeout => SessionStatus::Offline,
        SessionStatus::Conflict | SessionStatus::Blocked => SessionStatus::Error,
        status => status,
    };
    Health { id: id(session), status, updated_at: millis::format(&session.state.since) }
}

/// A session as a device.
pub(super) fn device(session: &Session) -> Device {
    let own = session.metadata.get(METADATA).and_then(Value::as_object);
    let text = |name: &str| own?.get(name)?.as_str().map(str::to_owned);
    let status = status(session);
    let since = millis::format(&session.state.since);
    let name = session.name.clone().filter(|name| !name.trim().is_empty());
    Device {
        id: id(session),
        phone: session.phone.as_ref().map(e164),
        wid: session.phone.as_ref().map(|phone| wid(&Jid::phone(phone))),
        alias: name.unwrap_or_else(|| session.id.to_string()),
        description: text("description"),
        connector: "web",
        version: 1,
        agents: [],
        status,
        created_at: millis::format(&session.created_at),
        disabled_at: (status == Status::Disabled).then(|| since.clone()),
        billing: Billing {
            subscription: Subscription {
                plan: text("plan").unwrap_or_else(|| PLAN.to_owned()),
                product: "io",
                status: "active",
                is_trial: false,
            },
        },
        profile: Some(Profile { name: session.push_name.clone() }),
        session: Some(DeviceSession { status: session_status(session), updated_at: since }),
    }
}

/// A code for its phone.
pub(super) fn auth_code(code: &PairingCode) -> AuthCode {
    let text = code.code.expose_secret();
    AuthCode {
        code: text.to_owned(),
        auth_code: text.to_owned(),
        data: text.to_owned(),
        phone: e164(&code.phone),
        expires_at: millis::format(&code.expires_at),
    }
}

/// Ours is `msg_` and the 32 digits of a UUID; this vendor's are 24 digits. Kept are those that differ most: the
/// twelve of the moment, the three after the version, and the last nine. So an id of this form names the one message
/// of ours that begins and ends with it.
pub(super) fn message_id(id: &MessageId) -> String {
    // The prefix `msg_` has no hexadecimal digit.
    let digits: String = id.as_str().chars().filter(char::is_ascii_hexdigit).collect();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    format!("{:0<24}", [part(0..12), part(13..16), part(23..32)].concat())
}

/// A text of ours, as its sender hears of it at `now`. `to` is what was asked for, and may be another address of the
/// chat.
pub(super) fn message(message: &Message, device: String, to: &Jid, asked: Asked, now: Timestamp) -> Shown {
    let only = |server: Server| (to.server() == server).then(|| to.to_string());
    let (status, delivery_status) = progress(message.status);
    let created_at = millis::format(&message.at);
    let done = (status == MessageStatus::Processed).then(|| millis::format(&now));
    Shown {
        id: message_id(&message.id),
        wa_id: message.wa_id.clone(),
        wid: wid(&message.chat),
        phone: to.to_phone().as_ref().map(e164),
        group: only(Server::Group),
        channel: only(Server::Newsletter),
        device,
        message: match &message.content {
            Content::Text(text) => text.clone(),
            _ => String::new(),
        },
        status,
        delivery_status,
        webhook_status: "ignored",
        priority: asked.priority.unwrap_or_else(|| "normal".to_owned()),
        reference: asked.reference,
        deliver_at: created_at.clone(),
        created_at,
        sent_at: done.clone(),
        processed_at: done,
    }
}

/// What a sender gave a message to be known by.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) priority: Option<String>,
    pub(super) reference: Option<String>,
}

fn progress(status: message::Status) -> (MessageStatus, DeliveryStatus) {
    match status {
        message::Status::Queued => (MessageStatus::Queued, DeliveryStatus::Queued),
        message::Status::Failed => (MessageStatus::Failed, DeliveryStatus::Failed),
        message::Status::Sent => (MessageStatus::Processed, DeliveryStatus::Sent),
        message::Status::Delivered | message::Status::Received => {
            (MessageStatus::Processed, DeliveryStatus::Delivered)
        }
        message::Status::Read => (MessageStatus::Processed, DeliveryStatus::Read),
        message::Status::Played => (MessageStatus::Processed, DeliveryStatus::Played),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_has_24_digits_of_ours() {
        let id = MessageId::from_text("msg_0123456789ab7cdefedcba9876543210");
        assert_eq!(message_id(&id), "0123456789abcde876543210");
        for _ in 0..100 {
            let id = message_id(&MessageId::random());
            assert!(id.len() == 24 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
        }
        assert_eq!(message_id(&MessageId::from_text("msg_1")).len(), 24);
    }

    #[test]
    fn addresses_are_written_as_the_vendor_writes_them() {
        let wid = |text: &str| wid(&Jid::parse(text).unwrap());
        assert_eq!(wid("+999 100 000 001"), "999100000001@c.us");
        assert_eq!(wid("123-456@g.us"), "123-456@g.us");
    }
}
