//! `POST /v1/sessions/{id}/passkey/confirm`

use super::view::SessionView;
use crate::kit::auth::{InSession, Links};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;

/// Confirm the code of a passkey
///
/// Says that somebody compared the code with the one on the phone and wants the link; it goes on by itself from there.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/passkey/confirm", operation_id = "session_passkey_confirm", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 202, description = "Accepted; the outcome is a state of the session.", body = SessionView),
        SessionProblems,
        (status = 409, description = "No passkey is asked of this session now: `no-passkey-asked`; or it was not used yet: `passkey-unanswered`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "WhatsApp broke the exchange off: `passkey-refused`; link anew.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn confirm(session: InSession<Links>) -> Result<(StatusCode, Json<SessionView>), Problem> {
    session.by().confirm_passkey(session.id()).await?;
    let after = session.gateway().session(session.id())?.session;
    Ok((StatusCode::ACCEPTED, Json(SessionView::of(&after, session.key()))))
}
