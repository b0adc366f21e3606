//! `POST /whatsapp/{id}/shutdown`: the connection rests, and its link stays.

use super::{PressTicket, Refused};
use crate::frame::guest::{Guest, Manages, parameter};
use crate::frame::state::Shared;
use crate::press_ticket::wire::error::MessageBody;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use enlace_domain::alias::Dialect;
use enlace_domain::session::{Desired, StateName};

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<PressTicket, Manages>,
    mut parts: Parts,
) -> Result<Json<MessageBody<'static>>, Refused> {
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    if Dialect::PressTicket.canonical(&name).is_none() {
        return Err(Refused::message("Invalid WhatsApp ID format."));
    }
    let session = guest.session(&name).map_err(|_| Refused::message("WhatsApp not found."))?;
    guest.gateway().count_in_session(&session.id, false)?;
    let rests = session.desired == Desired::Stopped || session.state.name == StateName::Unlinked;
    if rests {
        return Err(Refused::message("WhatsApp session not initialized."));
    }
    let stopped = guest.by().stop_session(&session.id).await;
    stopped.map_err(|_| Refused::message("Failed to destroy WhatsApp session."))?;
    Ok(Json(MessageBody { message: "Whatsapp disconnected." }))
}
