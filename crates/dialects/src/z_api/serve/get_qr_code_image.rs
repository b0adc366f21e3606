//! `GET /qr-code/image`: the QR as a PNG in a data URI, which every client reads.

use super::{InInstance, Linking, Refused, look};
use crate::frame::guest::Links;
use crate::frame::picture;
use axum::Json;
use secrecy::ExposeSecret;

pub(super) async fn handler(session: InInstance<Links>) -> Result<Json<Linking>, Refused> {
    let qr = match look(&session).await? {
        Ok(qr) => qr,
        Err(instead) => return Ok(Json(instead)),
    };
    let picture = picture::data_uri(qr.payload.expose_secret());
    let value = picture.map_err(|_| Refused::invalid("This QR code cannot be drawn"))?;
    Ok(Json(Linking::Qr { value }))
}
