//! `GET /status`

use super::{InInstance, Refused, translate};
use crate::frame::guest::Reads;
use crate::z_api::wire::instance::Status;
use axum::Json;

pub(super) async fn handler(session: InInstance<Reads>) -> Result<Json<Status>, Refused> {
    Ok(Json(translate::status(session.now()?.as_ref())))
}
