//! `POST /devices`: makes a device. It is linked when somebody asks for its QR or an auth code.

use super::update_device::{self, Wanted};
use super::{Refused, Wassenger, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Manages};
use crate::wassenger::wire::device::Device;
use axum::Json;
use enlace_sessions::CreateSession;
use serde_json::Map;

pub(in crate::wassenger) async fn handler(
    guest: Guest<Wassenger, Manages>,
    sent: Sent,
) -> Result<Json<Device>, Refused> {
    guest.need_all().map_err(Refused::from)?;
    let Wanted { alias, own, .. } = update_device::read(sent)?;
    let name = alias.ok_or_else(|| Refused::field("alias", "`alias` is required"))?;
    let mut metadata = Map::new();
    if !own.is_empty() {
        metadata.insert(translate::METADATA.to_owned(), own.into());
    }
    let request = CreateSession { name: Some(name), metadata, ..CreateSession::default() };
    let session = guest.gateway().create_session(request).await?;
    Ok(Json(translate::device(&session)))
}
