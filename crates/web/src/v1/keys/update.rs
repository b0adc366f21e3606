//! `PATCH /v1/keys/{id}`

use super::view::{KeyView, ScopeName};
use super::written;
use crate::kit::auth::{Admins, Caller};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, KeyProblems};
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::written::Nullable;
use axum::Json;
use axum::extract::Path;
use enlace_domain::id::KeyId;
use enlace_domain::key::KeyChange;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = KeyUpdate, example = json!({"sessions": ["ana", "bruno"], "expires_at": null}))]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateBody {
    /// A new name for people.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// What it may do from now on, at least one.
    #[schema(value_type = Option<Vec<ScopeName>>)]
    scopes: Option<Vec<String>>,
    /// The sessions it reaches from now on; null is all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    sessions: Nullable<Vec<String>>,
    /// When it ends; null is never.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Nullable<String>,
    /// The same in seconds from now.
    #[schema(minimum = 1)]
    expires_in: Option<u64>,
}

impl Input for UpdateBody {}

/// Change a key
///
/// Changes name, scopes, sessions or end; the key itself stays. Open event streams of a key whose rights change are
/// ended, and see the change when they are opened again.
#[utoipa::path(
    patch, path = "/v1/keys/{id}", operation_id = "key_update", tag = "keys",
    params(("id" = String, Path, description = "The key, by its id (`key_…`).")),
    request_body = Option<UpdateBody>,
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        KeyProblems, BodyProblems,
        (status = 404, description = "No such key: `key-not-found`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No admin key would be left that is not limited and never expires: `last-admin-key`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, and named: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(
    caller: Caller<Admins>,
    path: Path<String>,
    body: Body<UpdateBody>,
) -> Result<Json<KeyView>, Problem> {
    let Path(id) = path;
    let UpdateBody { name, scopes, sessions, expires_at, expires_in } = body.input;
    let sessions = sessions
        .map_or(Ok(None), |sessions| sessions.as_deref().map(written::sessions).transpose().map(Some));
    let (at, never) = expires_at.map_or((None, false), |at| {
        let never = at.is_none();
        (at, never)
    });
    let end = written::end(at.as_deref(), expires_in, caller.state().clock.now())?;
    let change = KeyChange {
        name,
        scopes: scopes.as_deref().map(written::scopes).transpose()?,
        sessions: sessions?,
        expires_at: (never || end.is_some()).then_some(end),
    };
    let key = caller.by().change_key(&KeyId::from_text(id), change).await?;
    Ok(Json(KeyView::from(&key)))
}
