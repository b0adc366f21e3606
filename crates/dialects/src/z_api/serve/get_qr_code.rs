//! `GET /qr-code`: the text of the QR, for a component that draws it.
//!
//! The vendor's older page says so, a newer one shows a picture; the picture has a path of its own.

use super::{InInstance, Linking, Refused, look};
use crate::frame::guest::Links;
use axum::Json;
use secrecy::ExposeSecret;

pub(super) async fn handler(session: InInstance<Links>) -> Result<Json<Linking>, Refused> {
    Ok(Json(match look(&session).await? {
        Ok(qr) => Linking::Qr { value: qr.payload.expose_secret().to_owned() },
        Err(instead) => instead,
    }))
}
