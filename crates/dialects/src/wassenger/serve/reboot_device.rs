//! `POST /devices/{id}/reboot`: drops the connection and makes it anew; link and data stay. With `wait=true` it
//! answers when that is done. `force` and `sync` say what is so anyway.

use super::{Refused, Wassenger, settled, translate};
use crate::frame::guest::{InSession, Manages};
use crate::wassenger::query::Query;
use crate::wassenger::wire::device::Device;
use axum::Json;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Manages>,
    query: Query,
) -> Result<Json<Device>, Refused> {
    let waits = query.flag("wait")?;
    session.by().restart_session(session.id()).await?;
    if waits {
        settled(&session).await?;
    }
    Ok(Json(translate::device(session.now()?.as_ref())))
}
