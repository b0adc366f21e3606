//! `GET /devices/{id}/health`

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{InSession, Reads};
use crate::wassenger::wire::device::Health;
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Reads>,
) -> Result<Json<Health>, Refused> {
    Ok(Json(translate::health(session.now()?.as_ref())))
}
