//! `GET /restart`: connects anew; the link stays. It answers once that is under way.

use super::{InInstance, Refused};
use crate::frame::guest::Manages;
use crate::z_api::wire::instance::{DONE, Done};
use axum::Json;

pub(super) async fn handler(session: InInstance<Manages>) -> Result<Json<Done>, Refused> {
    session.by().restart_session(session.id()).await?;
    Ok(Json(DONE))
}
