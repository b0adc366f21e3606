//! `DELETE /whatsappsession/{id}`: unlinks; the connection stays. Doing it again is well too.

use super::{PressTicket, Refused};
use crate::frame::guest::{Guest, Manages, parameter};
use crate::frame::state::Shared;
use crate::press_ticket::wire::error::MessageBody;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<PressTicket, Manages>,
    mut parts: Parts,
) -> Result<Json<MessageBody<'static>>, Refused> {
    let failed = || Refused::error(StatusCode::INTERNAL_SERVER_ERROR, "Failed to disconnect session.");
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let session = guest.session(&name).map_err(|_| failed())?;
    guest.gateway().count_in_session(&session.id, false)?;
    guest.by().logout_session(&session.id).await.map_err(|_| failed())?;
    Ok(Json(MessageBody { message: "Session disconnected." }))
}
