//! `DELETE /devices/{id}`: unlinks it, and removes it with all that was stored of it. Whatever the body says is not
//! looked at.

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{InSession, Manages};
use crate::wassenger::wire::device::{Device, Status};
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Manages>,
) -> Result<Json<Device>, Refused> {
    let device = translate::device(session.now()?.as_ref());
    session.by().delete_session(session.id(), false).await?;
    Ok(Json(Device { status: Status::Removed, session: None, ..device }))
}
