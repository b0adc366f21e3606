//! `POST /whatsapp/{id}/restart`
//!
//! The vendor answers when the new session is ready, so with an unlinked one it hangs until somebody scans. We answer at
//! once; the next `qrcode` waits for the new QR.

use super::{PressTicket, Refused};
use crate::frame::guest::{Guest, Manages, parameter};
use crate::frame::state::Shared;
use crate::press_ticket::wire::error::MessageBody;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;

const DONE: MessageBody<'static> = MessageBody { message: "WhatsApp session restarted successfully." };

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<PressTicket, Manages>,
    mut parts: Parts,
) -> Result<Json<MessageBody<'static>>, Refused> {
    // An unknown one is 200 too, there as here.
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let Ok(session) = guest.session(&name) else { return Ok(Json(DONE)) };
    guest.gateway().count_in_session(&session.id, false)?;
    if let Err(error) = guest.by().restart_session(&session.id).await {
        tracing::debug!(session = %session.id, %error, "a restart was not taken");
    }
    Ok(Json(DONE))
}
