//! `GET /whatsapp/{id}`

use super::{PressTicket, Refused, Whatsapp, show};
use crate::frame::guest::{InSession, Reads};
use axum::Json;

pub(super) async fn handler(session: InSession<PressTicket, Reads>) -> Result<Json<Whatsapp>, Refused> {
    Ok(Json(show(&session, session.id())?))
}
