//! `GET /v1/keys/{id}`

use super::view::KeyView;
use crate::kit::auth::{Admins, Caller};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::extract::Path;
use enlace_domain::id::KeyId;

/// Read a key
///
/// What is known of a key; never the key itself.
#[utoipa::path(
    get, path = "/v1/keys/{id}", operation_id = "key_get", tag = "keys",
    params(("id" = String, Path, description = "The key, by its id (`key_…`).")),
    responses(
        (status = 200, description = "The key.", body = KeyView),
        KeyProblems,
        (status = 404, description = "No such key: `key-not-found`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(caller: Caller<Admins>, path: Path<String>) -> Result<Json<KeyView>, Problem> {
    let Path(id) = path;
    let key = caller.gateway().key(&KeyId::from_text(id)).await?;
    Ok(Json(KeyView::from(&key)))
}
