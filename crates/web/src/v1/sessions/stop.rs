//! `POST /v1/sessions/{id}/stop`

use super::view::SessionView;
use crate::kit::auth::{InSession, Manages};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;

/// Stop a session
///
/// Disconnects it and lets it rest. Its link stays.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/stop", operation_id = "session_stop", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 202, description = "Accepted; the outcome is a state of the session.", body = SessionView),
        SessionProblems,
        (status = 409, description = "The state forbids it now.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn stop(session: InSession<Manages>) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let after = session.by().stop_session(session.id()).await?;
    Ok((StatusCode::ACCEPTED, Json(SessionView::of(&after, session.key()))))
}
