//! `GET /v1/sessions/{id}/messages`

use super::view::{MessageView, StatusWord};
use crate::kit::auth::{InSession, Reads};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use axum::Json;
use enlace_domain::address::Jid;
use enlace_domain::message::{Message, Status};
use enlace_domain::port::store::MessageFilter;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of messages, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = MessagePage)]
pub(crate) struct MessagePage {
    /// The messages.
    #[schema(value_type = Vec<MessageView>)]
    items: Vec<Message>,
    /// Give this back as `page_token` to get the next page; null on the last one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// List messages
///
/// The messages of a session, newest first.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/messages", operation_id = "message_list", tag = "messages",
    params(
        ("id" = String, Path, description = "The session."),
        ("chat" = Option<String>, Query, description = "Only of this chat: a phone number in any usual writing, or a JID."),
        ("status" = Option<StatusWord>, Query, description = "Only with this status."),
        ("from_me" = Option<bool>, Query, description = "Only ours, or only theirs."),
        ("page_size" = Option<u32>, Query, maximum = 200,
            description = "How many items a page has, 1 to 200; 50 when left out or 0."),
        ("page_token" = Option<String>, Query, description = "The `next_page_token` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of messages.", body = MessagePage),
        SessionProblems,
        (status = 422, description = "A parameter is wrong, and named: `invalid-field`, `invalid-page-token`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(session: InSession<Reads>, query: Query) -> Result<Json<MessagePage>, Problem> {
    let filter = MessageFilter {
        chat: query.text("chat").map(chat).transpose()?,
        status: query.text("status").map(status).transpose()?,
        from_me: query.flag("from_me")?,
    };
    let page = session.gateway().messages(session.id(), &filter, &query.page()?).await?;
    Ok(Json(MessagePage { items: page.items, next_page_token: page.next_page_token }))
}

fn chat(text: &str) -> Result<String, Problem> {
    let jid = Jid::parse(text).map_err(|error| Problem::field("chat", error.to_string()))?;
    Ok(jid.to_string())
}

fn status(text: &str) -> Result<Status, Problem> {
    const ALL: [Status; 7] = [
        Status::Queued,
        Status::Failed,
        Status::Sent,
        Status::Delivered,
        Status::Read,
        Status::Played,
        Status::Received,
    ];
    ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
        let names = ALL.map(Status::as_str).join(", ");
        Problem::field("status", format!("status is one of: {names}"))
    })
}
