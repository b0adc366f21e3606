//! `GET /disconnect`: unlinks the phone. Doing it again is well too.

use super::{InInstance, Refused};
use crate::frame::guest::Manages;
use crate::z_api::wire::instance::{DONE, Done};
use axum::Json;

pub(super) async fn handler(session: InInstance<Manages>) -> Result<Json<Done>, Refused> {
    session.by().logout_session(session.id()).await?;
    Ok(Json(DONE))
}
