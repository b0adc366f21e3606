//! `DELETE /v1/sessions/{id}`

use crate::kit::auth::{InSession, Manages};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::http::StatusCode;

/// Delete a session
///
/// Unlinks the number (the network is told within 5 seconds or never) and removes the session with its messages.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", operation_id = "session_delete", tag = "sessions",
    params(
        ("id" = String, Path, description = "The session."),
        ("keep_link" = Option<bool>, Query,
            description = "Do not tell the network: the phone goes on listing the device."),
    ),
    responses(
        (status = 204, description = "It is gone."),
        SessionProblems,
        (status = 422, description = "`keep_link` is neither true nor false: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(session: InSession<Manages>, query: Query) -> Result<StatusCode, Problem> {
    let keep_link = query.flag("keep_link")?.unwrap_or(false);
    session.by().delete_session(session.id(), keep_link).await?;
    Ok(StatusCode::NO_CONTENT)
}
