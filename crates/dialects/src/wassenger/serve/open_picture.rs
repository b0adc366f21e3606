//! `GET /devices/{id}/scan/{picture}`: the picture behind an address that `encoding=uri` gave. Whoever has the
//! address sees it, and it ends with its QR.

use super::{NO_STORE, Refused};
use crate::frame::guest::parameter;
use crate::frame::picture;
use crate::frame::state::Shared;
use crate::wassenger::signed::Picture;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use enlace_domain::alias::Dialect;
use secrecy::ExposeSecret;

pub(in crate::wassenger) async fn handler(
    State(shared): State<Shared>,
    mut parts: Parts,
) -> Result<impl IntoResponse, Refused> {
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "Resource not found");
    let given = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let device = Dialect::Wassenger.canonical(&given).ok_or_else(unknown)?;
    let name = parameter(&mut parts, &shared, "picture").await.unwrap_or_default();
    let asked = Picture::named(&device, &name).ok_or_else(unknown)?;
    let live = shared.live_qr(Dialect::Wassenger, &device).filter(|qr| Picture::of(qr) == asked);
    let qr = live.ok_or_else(|| Refused::new(StatusCode::GONE, "This QR code is over. Ask for a new one"))?;
    let png = picture::png(qr.payload.expose_secret()).map_err(|_| Refused::no_picture())?;
    Ok(([NO_STORE, (header::CONTENT_TYPE, "image/png")], png))
}
