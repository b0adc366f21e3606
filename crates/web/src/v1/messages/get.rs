//! `GET /v1/sessions/{id}/messages/{mid}`

use super::view::MessageView;
use crate::kit::auth::{InSession, Reads};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::Problem;
use axum::Json;
use axum::extract::Path;
use enlace_domain::id::MessageId;
use enlace_domain::message::Message;

/// Read a message
///
/// One message of a session, as it is now.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/messages/{mid}", operation_id = "message_get", tag = "messages",
    params(
        ("id" = String, Path, description = "The session."),
        ("mid" = String, Path, description = "The message, by our id (`msg_…`)."),
    ),
    responses((status = 200, description = "The message.", body = MessageView), SessionProblems)
)]
pub(crate) async fn get(
    session: InSession<Reads>,
    path: Path<(String, String)>,
) -> Result<Json<Message>, Problem> {
    let Path((_, message)) = path;
    let id = MessageId::from_text(message);
    Ok(Json(session.gateway().message(session.id(), &id).await?))
}
