//! `GET /v1/sessions`

use super::view::{SessionView, StateWord};
use crate::kit::auth::{Caller, Reads};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::Json;
use enlace_domain::port::store::SessionFilter;
use enlace_domain::session::StateName;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of sessions, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionPage)]
pub(crate) struct SessionPage {
    /// The sessions.
    items: Vec<SessionView>,
    /// Give this back as `page_token` to get the next page; null on the last one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// List sessions
///
/// The sessions within reach of this key, oldest first, each as it is now.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "session_list", tag = "sessions",
    params(
        ("state" = Option<Vec<StateWord>>, Query, style = Form, explode = false,
            description = "Only in these states; written with commas or repeated."),
        ("q" = Option<String>, Query, description = "Only those whose id, name or number contains this text; a number may be written in any usual way."),
        ("metadata.{key}" = Option<String>, Query,
            description = "Only those whose metadata has this text, boolean or number under the key, e.g. `metadata.team=sales`, `metadata.vip=true`."),
        ("page_size" = Option<u32>, Query, maximum = 200,
            description = "How many items a page has, 1 to 200; 50 when left out or 0."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of sessions.", body = SessionPage),
        KeyProblems,
        (status = 422, description = "A parameter is wrong, and named: `invalid-field`, `invalid-page-token`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(caller: Caller<Reads>, query: Query) -> Result<Json<SessionPage>, Problem> {
    let filter = SessionFilter {
        states: states(&query)?,
        q: query.text("q").map(str::to_owned),
        metadata: query.prefixed("metadata"),
        only: caller.key().sessions.clone(),
    };
    let page = caller.gateway().sessions(&filter, &query.page()?).await?;
    let items = page.items.iter().map(|session| SessionView::of(session, caller.key())).collect();
    Ok(Json(SessionPage { items, next_page_token: page.next_page_token }))
}

fn states(query: &Query) -> Result<Vec<StateName>, Problem> {
    let names = query.list("state").unwrap_or_default();
    let known = names.into_iter().map(|name| StateName::parse(name).ok_or_else(unknown_state));
    known.collect()
}

fn unknown_state() -> Problem {
    let names = StateName::ALL.map(StateName::as_str).join(", ");
    Problem::field("state", format!("state is one or more of: {names}"))
}
