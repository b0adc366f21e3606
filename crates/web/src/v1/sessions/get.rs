//! `GET /v1/sessions/{id}`

use super::view::SessionView;
use crate::kit::auth::{InSession, Reads};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::Problem;
use axum::Json;

/// Read a session
///
/// The session as it is now; never waits behind its work.
#[utoipa::path(
    get, path = "/v1/sessions/{id}", operation_id = "session_get", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = SessionView), SessionProblems)
)]
pub(crate) async fn get(session: InSession<Reads>) -> Result<Json<SessionView>, Problem> {
    let snapshot = session.gateway().session(session.id())?;
    Ok(Json(SessionView::of(&snapshot.session, session.key())))
}
