//! `POST /send-text`: takes a text to be sent. As there, the answer says that it waits its turn, not that it went.

use super::{InInstance, Refused, members, translate};
use crate::frame::body::Sent as Body;
use crate::frame::guest::Sends;
use crate::z_api::wire::message::Sent;
use axum::Json;
use enlace_domain::message::Content;
use enlace_sessions::SendMessage;
use std::time::Duration;

/// Left out in silence these would say anew what was to be corrected, or to a whole group what was for one.
const NOT_LEFT_OUT: [&str; 2] = ["editMessageId", "privateAnswer"];

pub(super) async fn handler(session: InInstance<Sends>, body: Body) -> Result<Json<Sent>, Refused> {
    let members = members(body)?;
    let phone = translate::text(members.get("phone")).unwrap_or_default();
    let to = translate::recipient(&phone).ok_or_else(|| Refused::invalid("Invalid phone"))?;
    let text = translate::text(members.get("message")).ok_or_else(|| Refused::invalid("Invalid message"))?;
    if let Some(name) = NOT_LEFT_OUT.into_iter().find(|name| translate::is_set(members.get(*name))) {
        return Err(Refused::invalid(format!("{name} is not served by Enlace yet; send without it")));
    }
    let message = SendMessage { to, content: Content::Text(text), wait: Duration::ZERO, idempotency: None };
    let sent = session.gateway().send_message(session.id(), message).await?;
    Ok(Json(translate::sent(&sent.message)))
}
