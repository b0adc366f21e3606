//! `GET /restore-session`: connects again with what is stored of the link.

use super::{InInstance, Refused};
use crate::frame::guest::Manages;
use crate::z_api::wire::instance::{DONE, Done};
use axum::Json;

pub(super) async fn handler(session: InInstance<Manages>) -> Result<Json<Done>, Refused> {
    session.by().start_session(session.id()).await?;
    Ok(Json(DONE))
}
