//! `POST /v1/keys`

use super::view::{KeyView, ScopeName};
use super::written;
use crate::kit::auth::{Admins, Caller};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, KeyProblems};
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use enlace_sessions::CreateKey;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to make.
#[derive(Deserialize, ToSchema)]
#[schema(as = KeyCreate, example = json!({"name": "n8n", "scopes": ["read", "send"], "sessions": ["ana"]}))]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// A name for people.
    #[schema(max_length = 100)]
    name: String,
    /// What it may do, at least one.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Vec<String>,
    /// The sessions it reaches, which need not be there yet; all when left out or null.
    sessions: Option<Vec<String>>,
    /// When it ends; never when both are left out.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The same in seconds from now.
    #[schema(minimum = 1)]
    expires_in: Option<u64>,
}

impl Input for CreateBody {}

/// A new key.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyCreated)]
pub(crate) struct CreatedView {
    /// What is kept of it.
    #[serde(flatten)]
    record: KeyView,
    /// The key itself, 64 hexadecimal digits, shown this once: only a hash of it is kept.
    key: String,
}

/// Create a key
///
/// Makes a key and answers with it, once. Nobody can read it again: who loses it makes another.
#[utoipa::path(
    post, path = "/v1/keys", operation_id = "key_create", tag = "keys",
    request_body = CreateBody,
    responses(
        (status = 201, description = "The new key.", body = CreatedView,
            headers(("Location" = String, description = "The path of its record."))),
        KeyProblems, BodyProblems,
        (status = 422, description = "A field is wrong, and named: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    caller: Caller<Admins>,
    body: Body<CreateBody>,
) -> Result<impl IntoResponse, Problem> {
    let CreateBody { name, scopes, sessions, expires_at, expires_in } = body.input;
    let request = CreateKey {
        name,
        scopes: written::scopes(&scopes)?,
        sessions: sessions.as_deref().map(written::sessions).transpose()?,
        expires_at: written::end(expires_at.as_deref(), expires_in, caller.state().clock.now())?,
    };
    let (key, secret) = caller.by().create_key(request).await?;
    let location = [(header::LOCATION, format!("/v1/keys/{}", key.id))];
    let view = CreatedView { record: KeyView::from(&key), key: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, location, Json(view)))
}
