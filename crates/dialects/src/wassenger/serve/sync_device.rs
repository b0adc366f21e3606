//! `GET /devices/{id}/sync`: the device as it is now. The vendor fetches that anew, at most once a minute; here it is
//! always so.

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{InSession, Reads};
use crate::wassenger::wire::device::Device;
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Reads>,
) -> Result<Json<Device>, Refused> {
    Ok(Json(translate::device(session.now()?.as_ref())))
}
