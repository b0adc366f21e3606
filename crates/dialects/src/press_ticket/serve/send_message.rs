//! `POST /messages/send`: a text.

use super::{PressTicket, Refused, translate};
use crate::frame::body::Sent as Body;
use crate::frame::guest::{Guest, Sends};
use crate::press_ticket::wire::message::Sent;
use axum::Json;
use axum::http::StatusCode;
use enlace_domain::address::{Jid, PhoneNumber};
use enlace_domain::message::Content;
use enlace_domain::session::Session;
use enlace_domain::{ErrorKind, Fault};
use enlace_sessions::SendMessage;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(10);

pub(super) async fn handler(guest: Guest<PressTicket, Sends>, body: Body) -> Result<Json<Sent>, Refused> {
    let members = body.members();
    let bad = |text: &str| Refused::error(StatusCode::BAD_REQUEST, text);
    // Whose ticket it would be. There is none here, but a client that leaves it out is told so there too.
    text(&members, "userId").ok_or_else(|| bad("User ID is required"))?;
    let number = text(&members, "number").unwrap_or_default().replacen('-', "", 1).replacen(' ', "", 1);
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
        return Err(bad("Invalid number format. Only numbers are allowed."));
    }
    let phone = PhoneNumber::parse(&number).map_err(|_| bad("ERR_WAPP_INVALID_CONTACT"))?;
    let session = from(&guest, text(&members, "whatsappId").as_deref())?;
    guest.gateway().count_in_session(&session.id, false)?;
    let message = SendMessage {
        to: Jid::phone(&phone),
        content: Content::Text(text(&members, "body").unwrap_or_default()),
        wait: WAIT,
        idempotency: None,
    };
    let sent =
        guest.gateway().send_message(&session.id, message).await.map_err(|error| match error.kind() {
            ErrorKind::Conflict => bad("ERR_WAPP_NOT_INITIALIZED"),
            ErrorKind::Rejected => bad("ERR_SENDING_WAPP_MSG"),
            _ => Refused::from(error),
        })?;
    Ok(Json(Sent { resp: translate::message(&sent.message) }))
}

/// The connection that is named, or the default one.
fn from(guest: &Guest<PressTicket, Sends>, name: Option<&str>) -> Result<Arc<Session>, Refused> {
    let bad = |text: String| Refused::error(StatusCode::BAD_REQUEST, text);
    match name {
        Some(name) => guest.session(name).map_err(|_| bad(format!("whatsapp #{name} not found"))),
        None => guest
            .sessions()
            .into_iter()
            .min_by_key(|session| translate::number(session))
            .ok_or_else(|| bad("ERR_NO_DEF_WAPP_FOUND".to_owned())),
    }
}

/// A member that is a text or a number. What is empty, 0 or null is as left out: a form that nobody filled in sends that.
fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    match members.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.as_u64() != Some(0) => Some(number.to_string()),
        _ => None,
    }
}
