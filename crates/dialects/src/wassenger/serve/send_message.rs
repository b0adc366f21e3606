//! `POST /messages`: a text. What else a message can be is refused, not sent as less than it is.

use super::{Refused, WAIT, Wassenger, sender, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Sends};
use crate::wassenger::sent;
use crate::wassenger::translate::Asked;
use crate::wassenger::wire::message::Message;
use axum::Json;
use axum::http::StatusCode;
use enlace_domain::address::{Jid, Server};
use enlace_domain::message::Content;
use enlace_sessions::SendMessage;
use serde_json::{Map, Value};

/// Members that say what is sent, or when, or until when.
const NOT_SERVED: [&str; 20] = [
    "media",
    "deliverAt",
    "schedule",
    "expiration",
    "quote",
    "poll",
    "vote",
    "event",
    "confirm",
    "location",
    "contacts",
    "reaction",
    "reactionMessage",
    "product",
    "forward",
    "template",
    "buttons",
    "list",
    "header",
    "footer",
];

pub(in crate::wassenger) async fn handler(
    guest: Guest<Wassenger, Sends>,
    body: Sent,
) -> Result<(StatusCode, Json<Message>), Refused> {
    let members = sent::members(body)?;
    let to = target(&members)?;
    if let Some(name) = NOT_SERVED.into_iter().find(|name| sent::is_filled(&members, name)) {
        return Err(Refused::not_served(&format!("`{name}` of a message, and nothing was sent")));
    }
    let text = sent::text(&members, "message");
    let text = text.ok_or_else(|| Refused::field("message", "`message` is required"))?;
    let session = sender(&guest, sent::text(&members, "device").as_deref())?;
    guest.gateway().count_in_session(&session.id, false)?;
    let message = SendMessage { to: to.clone(), content: Content::Text(text), wait: WAIT, idempotency: None };
    let answer = guest.gateway().send_message(&session.id, message).await?;
    let asked =
        Asked { priority: sent::text(&members, "priority"), reference: sent::text(&members, "reference") };
    let now = guest.state().clock.now();
    let shown = translate::message(&answer.message, translate::id(&session), &to, asked, now);
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Whom it is for: exactly one of three members says so.
fn target(members: &Map<String, Value>) -> Result<Jid, Refused> {
    let given = ["phone", "group", "channel"].map(|name| sent::text(members, name).map(|text| (name, text)));
    let given: Vec<_> = given.into_iter().flatten().collect();
    let &[(name, ref text)] = given.as_slice() else {
        let one = "exactly one of `phone`, `group` and `channel` is required";
        return Err(Refused::field("phone", one));
    };
    let (servers, rule): (&[Server], _) = match name {
        "group" => (&[Server::Group], "`group` must be the id of a group, which ends with @g.us"),
        "channel" => {
            (&[Server::Newsletter], "`channel` must be the id of a channel, which ends with @newsletter")
        }
        _ => (
            &[Server::Phone, Server::Lid],
            "`phone` must be a phone number in E.164 format, e.g. +16001234560",
        ),
    };
    let jid = Jid::parse(text).ok().filter(|jid| servers.contains(&jid.server()));
    jid.ok_or_else(|| Refused::field(name, rule))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(body: Value) -> Option<String> {
        let Value::Object(members) = body else { return None };
        target(&members).ok().map(|jid| jid.to_string())
    }

    #[test]
    fn a_message_is_for_exactly_one() {
        let phone = Some("999100000001@s.whatsapp.net");
        assert_eq!(of(json!({"phone": "+999 100 000 001", "group": "", "channel": null})).as_deref(), phone);
        assert_eq!(of(json!({"phone": 999_100_000_001_u64})).as_deref(), phone);
        assert_eq!(of(json!({"group": "123-4@g.us"})).as_deref(), Some("123-4@g.us"));
        assert_eq!(of(json!({"channel": "12@newsletter"})).as_deref(), Some("12@newsletter"));
        for bad in [
            json!({}),
            json!({"phone": "abc"}),
            json!({"phone": "123-4@g.us"}),
            json!({"group": "+999100000001"}),
            json!({"phone": "+999100000001", "group": "123-4@g.us"}),
        ] {
            assert_eq!(of(bad), None);
        }
    }
}
