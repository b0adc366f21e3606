//! Z-API's words for ours. Pure.

use super::wire::contact::{PhoneExists, PhoneExistsInBatch};
use super::wire::instance::{Device, DeviceNames, Me, Status};
use super::wire::message::Sent;
use enlace_domain::address::{Jid, Person, PhoneNumber};
use enlace_domain::alias::Dialect;
use enlace_domain::clock::millis;
use enlace_domain::message::Message;
use enlace_domain::session::{Refusal, Session, StateName};
use enlace_sessions::GatewayError;
use serde_json::Value;

// The three texts of `/status` that the vendor documents; the same things are said in the same words elsewhere.
const CONNECTED: &str = "You are already connected.";
const RESTORE: &str = "You need to restore the session.";
pub(super) const NOT_CONNECTED: &str = "You are not connected.";

/// No instance is paid for here, so none ends: the last second of the year 9999.
const NEVER_DUE: i64 = 253_402_300_799_000;

/// Most digits of a phone number. What is longer is a group, as older clients and those of communities write it.
const PHONE_DIGITS_MAX: usize = 15;

/// How an instance is. The network tells a linked device nothing of whether its phone is reachable.
pub(super) fn status(session: &Session) -> Status {
    let connected = session.state.name == StateName::Online;
    let error = match session.state.name {
        StateName::Online => CONNECTED,
        StateName::Stopped | StateName::Replaced => RESTORE,
        _ => NOT_CONNECTED,
    };
    Status { connected, session: session.linked, error, smartphone_connected: connected }
}

/// Why the state of a session forbids something, where the vendor has words for that.
pub(super) fn refusal(error: &GatewayError) -> Option<&'static str> {
    let refusal = match error {
        GatewayError::Offline(_) => return Some(NOT_CONNECTED),
        GatewayError::Refused(refusal) => refusal,
        _ => return None,
    };
    Some(match refusal {
        Refusal::AlreadyLinked => CONNECTED,
        Refusal::Stopped | Refusal::Replaced => RESTORE,
        Refusal::LinkRequired => NOT_CONNECTED,
        Refusal::Pairing => "A phone is being connected; ask again in a few seconds.",
        Refusal::LinkExpired => {
            "Nobody read the QR code in time, and there is none now; ask again in a minute."
        }
        Refusal::Restricted => "WhatsApp restricts this account.",
    })
}

/// An instance with its settings. `shows_token`: who may not manage it must not read what would let them.
pub(super) fn me(session: &Session, shows_token: bool) -> Me {
    let alias = session.aliases.get(&Dialect::ZApi);
    let token = alias.and_then(|alias| alias.token.as_ref()).filter(|_| shows_token);
    Me {
        id: alias.map(|alias| alias.name.clone()).unwrap_or_default(),
        token: token.map(|token| token.expose().to_owned()),
        name: session.name.clone().unwrap_or_else(|| session.id.to_string()),
        due: NEVER_DUE,
        connected: session.state.name == StateName::Online,
        payment_status: "PAID",
        created: millis::format(&session.created_at),
        connected_callback_url: None,
        delivery_callback_url: None,
        disconnected_callback_url: None,
        message_status_callback_url: None,
        presence_chat_callback_url: None,
        received_callback_url: None,
        receive_callback_sent_by_me: false,
        call_reject_auto: false,
        call_reject_message: None,
        auto_read_message: false,
        initial_data_callback_url: None,
    }
}

/// The linked device, as far as it is known. Its number counts the links that were begun.
pub(super) fn device(session: &Session) -> Device {
    Device {
        phone: session.phone.as_ref().map(|phone| phone.as_str().to_owned()),
        img_url: None,
        about: None,
        name: session.push_name.clone(),
        device: DeviceNames { session_name: "Enlace", device_model: "Enlace" },
        original_device: None,
        session_id: session.round_count,
        is_business: None,
    }
}

/// A message as its sender hears of it.
pub(super) fn sent(message: &Message) -> Sent {
    let own = message.id.as_str();
    Sent {
        zaap_id: own.strip_prefix("msg_").unwrap_or(own).to_owned(),
        message_id: message.wa_id.clone(),
        id: message.wa_id.clone(),
    }
}

/// Whether a number is on WhatsApp.
pub(super) fn exists(asked: &PhoneNumber, person: Option<&Person>) -> PhoneExists {
    PhoneExists {
        exists: person.is_some(),
        phone: number(person).unwrap_or_else(|| asked.as_str().to_owned()),
        lid: lid(person),
    }
}

/// The same of one of many, as it was written.
pub(super) fn exists_in_batch(written: String, person: Option<&Person>) -> PhoneExistsInBatch {
    PhoneExistsInBatch {
        exists: person.is_some(),
        output_phone: number(person).unwrap_or_else(|| written.clone()),
        input_phone: written,
        lid: lid(person),
    }
}

fn number(person: Option<&Person>) -> Option<String> {
    Some(person?.pn.as_ref()?.user().to_owned())
}

fn lid(person: Option<&Person>) -> Option<String> {
    Some(person?.lid.as_ref()?.to_string())
}

/// Somebody's number, in any writing of it.
pub(super) fn phone(text: &str) -> Option<PhoneNumber> {
    Jid::parse(text).ok()?.to_phone()
}

/// Whom `phone` means: a number, `…-group`, `…-broadcast`, an address with `@`, or a group without any ending.
pub(super) fn recipient(text: &str) -> Option<Jid> {
    let text = text.trim();
    let at = |user: &str, server: &str| Jid::parse(&format!("{user}@{server}")).ok();
    if let Some(group) = text.strip_suffix("-group") {
        return at(group, "g.us");
    }
    if let Some(list) = text.strip_suffix("-broadcast") {
        return at(list, "broadcast");
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let bare_group = digits > PHONE_DIGITS_MAX && !text.contains('@');
    if bare_group { at(text, "g.us") } else { Jid::parse(text).ok() }
}

/// A member that is a text or a number. What is empty, 0 or null is as left out: a form that nobody filled in sends
/// that.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_u64() != Some(0) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a member is set to anything.
pub(super) fn is_set(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(set)) => *set,
        Some(Value::String(text)) if text == "false" => false,
        other => text(other).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_domain::address::Server;
    use serde_json::json;

    #[test]
    fn a_recipient_may_be_written_in_every_way_of_the_vendors() {
        for (written, meant) in [
            ("5511999999999", "5511999999999@s.whatsapp.net"),
            ("+55 11 99999-9999", "5511999999999@s.whatsapp.net"),
            ("120363019502650977-group", "120363019502650977@g.us"),
            ("5511999999999-1623281429", "5511999999999-1623281429@g.us"),
            ("5511999999999-1623281429-group", "5511999999999-1623281429@g.us"),
            ("120363019502650977", "120363019502650977@g.us"),
            ("120363019502650977@g.us", "120363019502650977@g.us"),
            ("120363019502650977@newsletter", "120363019502650977@newsletter"),
            ("1623281429-broadcast", "1623281429@broadcast"),
            ("999999999999999@lid", "999999999999999@lid"),
        ] {
            assert_eq!(recipient(written).unwrap().to_string(), meant, "{written}");
        }
    }

    #[test]
    fn what_is_no_recipient_is_none() {
        for written in ["", "123", "-group", "abc", "abc-group", "12036301950265097x", "1@x", "@lid"] {
            assert_eq!(recipient(written), None, "{written}");
        }
    }

    #[test]
    fn a_number_is_told_from_other_addresses() {
        assert_eq!(phone("5511999999999@c.us").unwrap().as_str(), "5511999999999");
        assert_eq!(phone("999999999999999@lid"), None);
        assert_eq!(recipient("999999999999999@lid").unwrap().server(), Server::Lid);
    }

    #[test]
    fn what_nobody_filled_in_is_left_out() {
        for empty in
            [json!(null), json!(""), json!(0), json!(false), json!("false"), json!({}), json!([null])]
        {
            assert!(!is_set(Some(&empty)), "{empty}");
        }
        assert!(is_set(Some(&json!(true))) && is_set(Some(&json!("3EB0"))));
        assert_eq!(text(Some(&json!(5_511_999_999_999_u64))).as_deref(), Some("5511999999999"));
    }

    #[test]
    fn somebody_reached_by_another_number_is_told_by_that() {
        let asked = PhoneNumber::parse("5511999999999").unwrap();
        let jids = ["551199999999@s.whatsapp.net", "7@lid"].map(|jid| Jid::parse(jid).unwrap());
        let found = serde_json::to_value(exists(&asked, Some(&Person::from_jids(jids)))).unwrap();
        assert_eq!(found, json!({"exists": true, "phone": "551199999999", "lid": "7@lid"}));
        let nobody = serde_json::to_value(exists(&asked, None)).unwrap();
        assert_eq!(nobody, json!({"exists": false, "phone": "5511999999999", "lid": null}));
    }
}
