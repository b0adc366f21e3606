//! `POST /devices/{id}/reset`: unlinks; the next `scan` has a new QR. It answers when that is done, whatever `wait`
//! says.
//!
//! What it could wipe besides stays here, so who asks for that is refused before anything is touched: nobody shall
//! believe that data are gone.

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{InSession, Manages};
use crate::wassenger::query::Query;
use crate::wassenger::wire::device::Device;
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Manages>,
    query: Query,
) -> Result<Json<Device>, Refused> {
    for name in ["data", "emptyQueue"] {
        if query.flag(name)? {
            let instead = "leave it out, or delete the device with all that is stored of it";
            return Err(Refused::not_served(&format!("`{name}` of a reset; nothing was touched: {instead}")));
        }
    }
    session.by().logout_session(session.id()).await?;
    Ok(Json(translate::device(session.now()?.as_ref())))
}
