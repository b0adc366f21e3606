//! `POST /whatsappsession/{id}` and `PUT`: starts what rests. The vendor's `PUT` also empties a text that its client no
//! longer uses; neither unlinks a number, and whatever the body says is not looked at.

use super::{PressTicket, Refused};
use crate::frame::guest::{InSession, Manages};
use crate::press_ticket::wire::error::MessageBody;
use axum::Json;
use std::time::Duration;

pub(super) async fn handler(
    session: InSession<PressTicket, Manages>,
) -> Result<Json<MessageBody<'static>>, Refused> {
    let begun = if session.now()?.linked {
        session.by().start_session(session.id()).await.map(drop)
    } else {
        // Nobody waits for its QR here.
        session.by().qr(session.id(), Duration::ZERO).await.map(drop)
    };
    if let Err(error) = begun {
        tracing::debug!(session = %session.id(), %error, "a session was asked to start");
    }
    Ok(Json(MessageBody { message: "Starting session." }))
}
