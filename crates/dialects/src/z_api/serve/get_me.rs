//! `GET /me`

use super::{InInstance, Refused, translate};
use crate::frame::guest::Reads;
use crate::z_api::wire::instance::Me;
use axum::Json;
use enlace_domain::key::Scope;

pub(super) async fn handler(session: InInstance<Reads>) -> Result<Json<Me>, Refused> {
    let shows_token = session.key().allows(Scope::Manage);
    Ok(Json(translate::me(session.now()?.as_ref(), shows_token)))
}
