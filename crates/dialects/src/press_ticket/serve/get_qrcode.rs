//! `GET /whatsapp/{id}/qrcode`
//!
//! The vendor answers 500 while no QR is there, and clients ask again. We wait for the first one, so that a client that asks
//! once gets it.

use super::{PressTicket, Refused, translate};
use crate::frame::guest::{Guest, Links, parameter};
use crate::frame::picture;
use crate::frame::state::Shared;
use crate::press_ticket::wire::whatsapp::QrCode;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use enlace_domain::ErrorKind;
use enlace_domain::Fault as _;
use secrecy::ExposeSecret;
use std::time::Duration;

/// How long a client waits for the first QR.
const WAIT: Duration = Duration::from_secs(10);

const NO_QR: &str = "ERR_WHATSAPP_NOT_INITIALIZED_OR_ALREADY_CONNECTED";

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<PressTicket, Links>,
    mut parts: Parts,
) -> Result<Json<QrCode>, Refused> {
    // Not the usual 404: this route alone says so.
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let session = guest.session(&name).map_err(|_| Refused::message("ERR_NO_WAPP_FOUND"))?;
    guest.gateway().count_in_session(&session.id, true)?;
    let qr = guest.while_key_lives(guest.by().qr(&session.id, WAIT)).await.map_err(|error| {
        match error.kind() {
            ErrorKind::RateLimited | ErrorKind::Unauthenticated => Refused::from(error),
            _ => Refused::message(NO_QR),
        }
    })?;
    let payload = qr.payload.expose_secret();
    let picture = picture::data_uri(payload).map_err(|_| Refused::message(NO_QR))?;
    let whatsapp_id = translate::number(&session);
    Ok(Json(QrCode { qrcode: payload.to_owned(), qrcode_image: picture, whatsapp_id }))
}
