//! `GET /device`

use super::{InInstance, Refused, translate};
use crate::frame::guest::Reads;
use crate::z_api::wire::instance::Device;
use axum::Json;

pub(super) async fn handler(session: InInstance<Reads>) -> Result<Json<Device>, Refused> {
    let session = session.now()?;
    if !session.linked {
        return Err(Refused::invalid(translate::NOT_CONNECTED));
    }
    Ok(Json(translate::device(&session)))
}
