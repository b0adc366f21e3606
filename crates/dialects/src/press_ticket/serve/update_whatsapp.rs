//! `PUT /whatsapp/{id}`: name, colour and texts. What the vendor takes besides is its own record of what is so (status,
//! session, number), which nobody can set here.

use super::{PressTicket, Refused, Whatsapp, show};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, InSession, Manages};
use crate::press_ticket::translate::METADATA;
use axum::Json;
use axum::http::StatusCode;
use enlace_domain::id::SessionId;
use enlace_sessions::PatchSession;
use serde_json::{Map, Value};

/// The vendor's own texts, kept among the session's metadata.
const OWN: [&str; 3] = ["color", "greetingMessage", "farewellMessage"];

/// What is wanted.
pub(super) struct Wanted {
    pub(super) name: Option<String>,
    pub(super) own: Map<String, Value>,
}

pub(super) async fn handler(
    session: InSession<PressTicket, Manages>,
    sent: Sent,
) -> Result<Json<Whatsapp>, Refused> {
    let wanted = read(sent)?;
    if let Some(name) = &wanted.name {
        check_free(&session, name, Some(session.id()))?;
    }
    let mut metadata = session.now()?.metadata.clone();
    let kept = metadata.entry(METADATA).or_insert_with(|| Map::new().into());
    if let Value::Object(kept) = kept {
        kept.extend(wanted.own);
    }
    let patch =
        PatchSession { name: wanted.name.map(Some), metadata: Some(metadata), ..PatchSession::default() };
    session.by().patch_session(session.id(), patch).await?;
    Ok(Json(show(&session, session.id())?))
}

/// What a body wants, or the first rule it breaks, in the vendor's words.
pub(super) fn read(sent: Sent) -> Result<Wanted, Refused> {
    if matches!(sent, Sent::NoJson) {
        return Err(Refused::error(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"));
    }
    let bad = |text: &str| Refused::error(StatusCode::BAD_REQUEST, text);
    let mut members = sent.members();
    let name = match members.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if name.trim().is_empty() => return Err(bad("name is a required field")),
        Some(Value::String(name)) if name.chars().count() < 2 => {
            return Err(bad("name must be at least 2 characters"));
        }
        Some(Value::String(name)) => Some(name),
        Some(other) => Some(other.to_string()),
    };
    members.retain(|member, value| OWN.contains(&member.as_str()) && value.is_string());
    if members.get("color").and_then(Value::as_str).is_some_and(|color| !is_color(color)) {
        return Err(bad("Invalid color format"));
    }
    Ok(Wanted { name, own: members })
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    matches!(digits.len(), 3 | 6) && digits.chars().all(|c| c.is_ascii_hexdigit())
}

/// Names are unique among the connections that the guest can see.
pub(super) fn check_free<N>(
    guest: &Guest<PressTicket, N>,
    name: &str,
    but: Option<&SessionId>,
) -> Result<(), Refused> {
    let taken =
        guest.sessions().iter().any(|other| other.name.as_deref() == Some(name) && Some(&other.id) != but);
    if taken {
        return Err(Refused::error(StatusCode::BAD_REQUEST, "This whatsapp name is already used."));
    }
    Ok(())
}
