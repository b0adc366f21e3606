//! `POST /v1/sessions/{id}/start`

use super::view::SessionView;
use crate::kit::auth::{InSession, Manages};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;

/// Start a session
///
/// Connects it: a linked session logs in, one that never was begins a link.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/start", operation_id = "session_start", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 202, description = "Accepted; the outcome is a state of the session.", body = SessionView),
        SessionProblems,
        (status = 409, description = "The state forbids it now: `link-required`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start(session: InSession<Manages>) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let after = session.by().start_session(session.id()).await?;
    Ok((StatusCode::ACCEPTED, Json(SessionView::of(&after, session.key()))))
}
