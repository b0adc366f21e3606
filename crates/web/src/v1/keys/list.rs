//! `GET /v1/keys`

use super::view::KeyView;
use crate::kit::auth::{Admins, Caller};
use crate::kit::docs::KeyProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of keys, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = KeyPage)]
pub(crate) struct KeyPage {
    /// The keys.
    items: Vec<KeyView>,
    /// Give this back as `page_token` to get the next page; null on the last one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// List keys
///
/// All keys, oldest first; never the keys themselves.
#[utoipa::path(
    get, path = "/v1/keys", operation_id = "key_list", tag = "keys",
    params(
        ("page_size" = Option<u32>, Query, maximum = 200,
            description = "How many items a page has, 1 to 200; 50 when left out or 0."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of keys.", body = KeyPage),
        KeyProblems,
        (status = 422, description = "A parameter is wrong, and named: `invalid-field`, `invalid-page-token`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(caller: Caller<Admins>, query: Query) -> Result<Json<KeyPage>, Problem> {
    let page = caller.gateway().keys(&query.page()?).await?;
    let items = page.items.iter().map(KeyView::from).collect();
    Ok(Json(KeyPage { items, next_page_token: page.next_page_token }))
}
