//! `GET /v1/audit`

use crate::kit::auth::{Admins, Caller};
use crate::kit::docs::KeyProblems;
use crate::kit::moment;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::Json;
use enlace_domain::audit::{AuditAction, AuditFilter, AuditRecord};
use enlace_domain::id::{KeyId, SessionId};
use serde::Serialize;
use utoipa::ToSchema;

/// A page of the audit log, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(crate) struct AuditPage {
    /// The records.
    #[schema(value_type = Vec<AuditView>)]
    items: Vec<AuditRecord>,
    /// Give this back as `page_token` to get the next page; null on the last one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Something that was done to a key or a link. It holds no secret and no phone number.
#[derive(ToSchema)]
#[schema(as = AuditRecord, example = json!({
    "at": "2026-01-02T03:04:05.678Z",
    "action": "link.asked",
    "key": "key_0198c0ffee0070008000000000000001",
    "from": "203.0.113.7",
    "session": "ana",
    "target": null,
    "data": {"method": "qr"}
}))]
#[expect(dead_code, reason = "describes the domain's AuditRecord, which serialises itself")]
pub(crate) struct AuditView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What, e.g. `key.created`, `link.asked`.
    action: String,
    /// The key that did it, also when it is gone by now; null for the command line, the first start, and somebody
    /// without a valid key.
    #[schema(required)]
    key: Option<String>,
    /// The address that the request came from.
    #[schema(required)]
    from: Option<String>,
    /// The session it was done to.
    #[schema(required)]
    session: Option<String>,
    /// The key it was done to.
    #[schema(required)]
    target: Option<String>,
    /// The action's own members.
    #[schema(value_type = Object)]
    data: serde_json::Value,
}

/// Read the audit log
///
/// What was asked to be done to keys, links and the life of sessions, by which key, when and from where, newest first. It is
/// kept for 90 days, at most 100,000 records; a record goes by age when the ten newest are all so much younger.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "audit_list", tag = "keys",
    params(
        ("action" = Option<Vec<String>>, Query, style = Form, explode = false,
            description = "Only these actions; written with commas or repeated."),
        ("key" = Option<String>, Query, description = "Only what this key did, or what was done to it, by its id."),
        ("session" = Option<String>, Query, description = "Only what was done to this session."),
        ("since" = Option<String>, Query, format = DateTime, description = "Only from this moment on."),
        ("until" = Option<String>, Query, format = DateTime, description = "Only before this moment."),
        ("page_size" = Option<u32>, Query, maximum = 200,
            description = "How many items a page has, 1 to 200; 50 when left out or 0."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of records.", body = AuditPage),
        KeyProblems,
        (status = 422, description = "A parameter is wrong, and named: `invalid-field`, `invalid-page-token`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(caller: Caller<Admins>, query: Query) -> Result<Json<AuditPage>, Problem> {
    let session = query.text("session").map(SessionId::parse).transpose();
    let moment = |name| query.text(name).map(|text| moment::parse(name, text)).transpose();
    let filter = AuditFilter {
        actions: actions(&query)?,
        key: query.text("key").map(KeyId::from_text),
        session: session.map_err(|error| Problem::field("session", error.to_string()))?,
        since: moment("since")?,
        until: moment("until")?,
    };
    let page = caller.gateway().audit(&filter, &query.page()?).await?;
    Ok(Json(AuditPage { items: page.items, next_page_token: page.next_page_token }))
}

fn actions(query: &Query) -> Result<Vec<AuditAction>, Problem> {
    let names = query.list("action").unwrap_or_default();
    let known: Option<_> = names.into_iter().map(AuditAction::parse).collect();
    known.ok_or_else(|| {
        let names = AuditAction::ALL.map(AuditAction::as_str).join(", ");
        Problem::field("action", format!("action is one or more of: {names}"))
    })
}
