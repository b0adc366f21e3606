//! `PATCH /v1/sessions/{id}`

use super::create;
use super::settings::SettingsBody;
use super::unsupported;
use super::view::SessionView;
use crate::kit::auth::{InSession, Manages};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, SessionProblems};
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::written::Nullable;
use axum::Json;
use enlace_sessions::PatchSession;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What to change. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = SessionUpdate, example = json!({"name": "Ana, night shift", "settings": {"mark_online": true}}))]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateBody {
    /// A new name for people; null removes it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    name: Nullable<String>,
    /// Replaces your own data as a whole; `{}` empties it; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// What to set; members left out stay.
    settings: Option<SettingsBody>,
    /// Another proxy, or null for none. An open connection is closed and dialled anew the new way.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "socks5://user:password@proxy.example:1080")]
    proxy: Nullable<String>,
    /// They are given when a session is made: anything but `{}` is refused with 501.
    #[serde(default, rename = "aliases")]
    #[schema(value_type = Option<Object>)]
    _aliases: Option<Value>,
}

impl Input for UpdateBody {
    fn check(members: &Map<String, Value>) -> Result<(), Problem> {
        unsupported::refuse(members)
    }
}

/// Change a session
///
/// Changes name, metadata, settings or proxy. The id and the network are fixed at creation.
#[utoipa::path(
    patch, path = "/v1/sessions/{id}", operation_id = "session_update", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    request_body = Option<UpdateBody>,
    responses(
        (status = 200, description = "The session as it is now.", body = SessionView),
        SessionProblems, BodyProblems,
        (status = 422, description = "A field is wrong, and named: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 501, description = "An alias, which is given when a session is made: `unsupported`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update(
    session: InSession<Manages>,
    body: Body<UpdateBody>,
) -> Result<Json<SessionView>, Problem> {
    let UpdateBody { name, metadata, settings, proxy, .. } = body.input;
    let settings = settings.map(SettingsBody::into_change).unwrap_or_default();
    let proxy = proxy.map_or(Ok(None), |text| create::proxy(text.as_deref()).map(Some))?;
    let patch = PatchSession { name: name.map_or(None, Some), metadata, settings, proxy };
    let patched = session.by().patch_session(session.id(), patch).await?;
    Ok(Json(SessionView::of(&patched, session.key())))
}
