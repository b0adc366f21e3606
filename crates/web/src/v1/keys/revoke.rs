//! `DELETE /v1/keys/{id}`

use crate::kit::auth::{Admins, Caller};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::extract::Path;
use axum::http::StatusCode;
use enlace_domain::id::KeyId;

/// Revoke a key
///
/// The key is refused from now on, its tickets too, and its open event streams end.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", operation_id = "key_revoke", tag = "keys",
    params(("id" = String, Path, description = "The key, by its id (`key_…`).")),
    responses(
        (status = 204, description = "It is gone."),
        KeyProblems,
        (status = 404, description = "No such key: `key-not-found`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is the last admin key that is not limited and never expires: `last-admin-key`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn revoke(caller: Caller<Admins>, path: Path<String>) -> Result<StatusCode, Problem> {
    let Path(id) = path;
    caller.by().revoke_key(&KeyId::from_text(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
