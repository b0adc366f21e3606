//! `POST /v1/sessions`

use super::aliases;
use super::settings::SettingsBody;
use super::unsupported;
use super::view::{NetworkName, SessionView};
use crate::kit::auth::{Caller, Manages};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, KeyProblems};
use crate::kit::own::Own;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use enlace_domain::id::SessionId;
use enlace_domain::key::ApiKey;
use enlace_domain::proxy::Proxy;
use enlace_domain::session::{Network, Settings};
use enlace_sessions::CreateSession;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Ids that a session cannot have, because a path of ours stands where the session's would.
const RESERVED: [&str; 1] = ["summary"];

/// What to make.
#[derive(Deserialize, ToSchema)]
#[schema(as = SessionCreate, example = json!({"id": "ana", "name": "Ana, front desk", "metadata": {"team": "sales"}}))]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// 1 to 64 characters of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit, but not `summary`. Made when
    /// left out.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    id: Option<String>,
    /// A name for people.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// What it connects to, for good. The gateway's default when left out.
    #[schema(value_type = Option<NetworkName>)]
    network: Option<String>,
    /// Your own data, given back as it is; at most 16 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// What to set.
    settings: Option<SettingsBody>,
    /// What all its connections go through, socket and media, never around it: `http://` or `socks5://`, with
    /// `user:password@` where it wants them. A simulated network in the gateway's own process needs no socket and no
    /// proxy.
    #[schema(example = "socks5://user:password@proxy.example:1080")]
    proxy: Option<String>,
    /// What the session is called in the foreign APIs that are served here, where it has names there already; made where
    /// left out. `{"z-api": {"instance", "token"}, "wassenger": {"device"}, "press-ticket": {"whatsapp"}, "baileys-api":
    /// {"session"}}`.
    #[schema(value_type = Option<Object>)]
    aliases: Option<Map<String, Value>>,
}

impl Input for CreateBody {}

/// Create a session
///
/// Makes a session in state `unlinked`. Nothing is connected yet: ask for its QR, or link it.
#[utoipa::path(
    post, path = "/v1/sessions", operation_id = "session_create", tag = "sessions",
    request_body = Option<CreateBody>,
    responses(
        (status = 201, description = "The new session.", body = SessionView,
            headers(("Location" = String, description = "Its path."))),
        KeyProblems, BodyProblems,
        (status = 403, description = "`scope-missing`, or `session-not-in-reach`: the key is limited to other sessions.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The id is taken: `session-exists`; or an alias is another session's: `alias-taken`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, and named: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 501, description = "A network that this version does not offer: `unsupported`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    caller: Caller<Manages>,
    body: Body<CreateBody>,
) -> Result<impl IntoResponse, Problem> {
    let request = read(body.input)?;
    check_reach(caller.key(), request.id.as_ref())?;
    let session = caller.gateway().create_session(request).await?;
    let location = [(header::LOCATION, format!("/v1/sessions/{}", session.id))];
    Ok((StatusCode::CREATED, location, Json(SessionView::of(&session, caller.key()))))
}

fn read(body: CreateBody) -> Result<CreateSession, Problem> {
    let id = body.id.as_deref().map(chosen).transpose()?;
    let network = body
        .network
        .as_deref()
        .map(|name| Network::parse(name).ok_or_else(|| unsupported::unknown_network(name)));
    let mut settings = Settings::default();
    body.settings.map(SettingsBody::into_change).unwrap_or_default().apply(&mut settings);
    Ok(CreateSession {
        id,
        name: body.name,
        network: network.transpose()?,
        metadata: body.metadata.unwrap_or_default(),
        settings,
        proxy: proxy(body.proxy.as_deref())?,
        aliases: body.aliases.as_ref().map(aliases::read).transpose()?.unwrap_or_default(),
    })
}

/// A proxy as it is written.
pub(super) fn proxy(text: Option<&str>) -> Result<Option<Proxy>, Problem> {
    let proxy = text.map(Proxy::parse).transpose();
    proxy.map_err(|error| Problem::field("proxy", error.to_string()))
}

fn chosen(id: &str) -> Result<SessionId, Problem> {
    if RESERVED.contains(&id) {
        return Err(Problem::field("id", format!("the path /v1/sessions/{id} is taken; choose another id")));
    }
    SessionId::parse(id).map_err(|error| Problem::field("id", error.to_string()))
}

/// A limited key may make only the sessions it is limited to.
fn check_reach(key: &ApiKey, id: Option<&SessionId>) -> Result<(), Problem> {
    let reached = match id {
        Some(id) => key.reaches(id),
        None => key.sessions.is_none(),
    };
    if reached {
        return Ok(());
    }
    Err(Problem::new(
        Own::SessionNotInReach,
        "this key is limited to certain sessions and could not use the one it asks for; choose one of its ids, or use another key",
    ))
}
