//! `POST /devices/{id}/start`: connects what rests. With `wait=true` it answers when that is done.

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
    session.by().start_session(session.id()).await?;
    if waits {
        settled(&session).await?;
    }
    Ok(Json(translate::device(session.now()?.as_ref())))
}
