//! `POST /v1/sessions/{id}/logout`

use super::view::SessionView;
use crate::kit::auth::{InSession, Manages};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;

/// Log a session out
///
/// Unlinks the number. The session stays, with its messages and settings, and can be linked again.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/logout", operation_id = "session_logout", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 202, description = "Accepted; the outcome is a state of the session.", body = SessionView),
        SessionProblems,
        (status = 409, description = "The state forbids it now.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn logout(session: InSession<Manages>) -> Result<(StatusCode, Json<SessionView>), Problem> {
    let after = session.by().logout_session(session.id()).await?;
    Ok((StatusCode::ACCEPTED, Json(SessionView::of(&after, session.key()))))
}
