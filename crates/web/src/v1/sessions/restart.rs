//! `POST /v1/sessions/{id}/restart`

use super::view::SessionView;
use crate::kit::auth::{InSession, Manages};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;

/// Restart a session
///
/// Drops its connection and makes it anew; a link under way begins another round.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/restart", operation_id = "session_restart", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 202, description = "Accepted; the outcome is a state of the session.", body = SessionView),
        SessionProblems,
        (status = 409, description = "The state forbids it now: `pairing`, `link-required`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn restart(session: InSession<Manages>) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let after = session.by().restart_session(session.id()).await?;
    Ok((StatusCode::ACCEPTED, Json(SessionView::of(&after, session.key()))))
}
