//! `PUT /update-name`: the instance's own name, here the session's. No name on WhatsApp changes by it.

use super::{InInstance, Refused, members, translate};
use crate::frame::body::Sent;
use crate::frame::guest::Manages;
use crate::z_api::wire::instance::{DONE, Done};
use axum::Json;
use enlace_sessions::PatchSession;

pub(super) async fn handler(session: InInstance<Manages>, sent: Sent) -> Result<Json<Done>, Refused> {
    let members = members(sent)?;
    let name = translate::text(members.get("value")).ok_or_else(|| Refused::invalid("Invalid value"))?;
    let patch = PatchSession { name: Some(Some(name)), ..PatchSession::default() };
    session.by().patch_session(session.id(), patch).await?;
    Ok(Json(DONE))
}
