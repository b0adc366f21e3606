//! `GET /devices/{id}`

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{InSession, Reads};
use crate::wassenger::query::Query;
use crate::wassenger::wire::device::Device;
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Reads>,
    query: Query,
) -> Result<Json<Device>, Refused> {
    let mut device = translate::device(session.now()?.as_ref());
    for part in query.all("exclude") {
        match part {
            "session" => device.session = None,
            "profile" => device.profile = None,
            // Statistics and a queue are never there.
            _ => {}
        }
    }
    Ok(Json(device))
}
