//! `DELETE /whatsapp/{id}`

use super::{PressTicket, Refused};
use crate::frame::guest::{InSession, Manages};
use crate::press_ticket::wire::error::MessageBody;
use axum::Json;

pub(super) async fn handler(
    session: InSession<PressTicket, Manages>,
) -> Result<Json<MessageBody<'static>>, Refused> {
    session.by().delete_session(session.id(), false).await?;
    Ok(Json(MessageBody { message: "Whatsapp deleted." }))
}
