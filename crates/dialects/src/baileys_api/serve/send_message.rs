//! `POST /{id}/messages/send`: a text.

use super::{BaileysApi, Refused, translate};
use crate::baileys_api::body::{Rules, members};
use crate::baileys_api::errors::failing;
use crate::baileys_api::wire::message::WebMessageInfo;
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Sends, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use enlace_domain::address::{Jid, Server};
use enlace_domain::id::SessionId;
use enlace_domain::message::Content;
use enlace_sessions::SendMessage;
use serde_json::Value;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(10);
const FAILED: &str = "An error occured during message send";

/// What is asked; without a text it is of another kind.
struct Asked {
    jid: String,
    to_group: bool,
    text: Option<String>,
}

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<BaileysApi, Sends>,
    mut parts: Parts,
    sent: Sent,
) -> Result<Json<WebMessageInfo>, Refused> {
    let asked = read(&parts.headers, sent)?;
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let session = guest.session(&name)?;
    guest.gateway().count_in_session(&session.id, false)?;
    let to = recipient(&guest, &session.id, &asked).await?;
    let absent = || Refused::error(StatusCode::NOT_IMPLEMENTED, "Enlace sends texts only, so far");
    let content = Content::Text(asked.text.ok_or_else(absent)?);
    let message = SendMessage { to, content, wait: WAIT, idempotency: None };
    let sent = guest.gateway().send_message(&session.id, message).await.map_err(failing(FAILED))?;
    Ok(Json(translate::info(&sent.message)))
}

fn read(headers: &HeaderMap, sent: Sent) -> Result<Asked, Refused> {
    let members = members(headers, sent)?;
    let mut rules = Rules::new(&members);
    let jid = rules.text("jid").to_owned();
    let to_group = rules.word_if_any("type", &["group", "number"]) == Some("group");
    let message = rules.object("message");
    rules.object_if_any("options");
    rules.keep()?;
    // A text with `edit` is a change of a message that was sent.
    let edits = message.and_then(|message| message.get("edit")).is_some_and(|edit| !edit.is_null());
    let text = message.and_then(|message| message.get("text")).and_then(Value::as_str);
    Ok(Asked { jid, to_group, text: text.filter(|_| !edits).map(str::to_owned) })
}

/// Whom it reaches: a number as the network knows it.
async fn recipient(
    guest: &Guest<BaileysApi, Sends>,
    session: &SessionId,
    asked: &Asked,
) -> Result<Jid, Refused> {
    let unknown = || Refused::error(StatusCode::BAD_REQUEST, "JID does not exists");
    let jid = Jid::parse(&asked.jid).map_err(|_| unknown())?;
    let phone = match (asked.to_group, jid.server(), jid.to_phone()) {
        (true, Server::Group, _) | (false, Server::Lid, _) => return Ok(jid),
        (false, Server::Phone, Some(phone)) => phone,
        _ => return Err(unknown()),
    };
    let checks = guest.gateway().check_numbers(session, vec![phone]).await.map_err(failing(FAILED))?;
    let person = checks.into_iter().next().and_then(|check| check.person).ok_or_else(unknown)?;
    Ok(person.preferred().cloned().unwrap_or(jid))
}
