//! `POST /whatsapp`: makes a connection and starts it.

use super::{PressTicket, Refused, Whatsapp, show, update_whatsapp};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Manages};
use crate::press_ticket::translate::METADATA;
use axum::Json;
use axum::http::StatusCode;
use enlace_sessions::CreateSession;
use serde_json::Map;
use std::time::Duration;

pub(super) async fn handler(
    guest: Guest<PressTicket, Manages>,
    sent: Sent,
) -> Result<Json<Whatsapp>, Refused> {
    guest.need_all().map_err(Refused::from)?;
    let wanted = update_whatsapp::read(sent)?;
    let required = || Refused::error(StatusCode::BAD_REQUEST, "name is a required field");
    let name = wanted.name.ok_or_else(required)?;
    update_whatsapp::check_free(&guest, &name, None)?;
    let mut metadata = Map::new();
    if !wanted.own.is_empty() {
        metadata.insert(METADATA.to_owned(), wanted.own.into());
    }
    let request = CreateSession { name: Some(name), metadata, ..CreateSession::default() };
    let session = guest.gateway().create_session(request).await?;
    // It is started in the background, as the vendor does; who wants its QR asks for it.
    if let Err(error) = guest.by().qr(&session.id, Duration::ZERO).await {
        tracing::debug!(session = %session.id, %error, "a new connection has no QR yet");
    }
    Ok(Json(show(&guest, &session.id)?))
}
