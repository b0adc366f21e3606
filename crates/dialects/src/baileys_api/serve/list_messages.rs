//! `GET /{id}/messages`, and what a chat's list has in common with it. A session that is not there has no messages,
//! and that is no error of the vendor's.

use super::{BaileysApi, FieldError, Refused, translate};
use crate::baileys_api::errors::failing;
use crate::baileys_api::query;
use crate::baileys_api::wire::message::List;
use crate::frame::guest::{Guest, Reads, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use enlace_domain::page::{PAGE_SIZE_MAX, PageRequest};
use enlace_domain::port::store::{MessageFilter, StoreError};
use enlace_sessions::GatewayError;

/// How many, when nothing is asked for; 0 is what forms send that nobody filled in.
const LIMIT: i64 = 25;

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<BaileysApi, Reads>,
    mut parts: Parts,
) -> Result<Json<List>, Refused> {
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    page(&guest, &name, &parts, None, "An error occured during message list").await
}

/// A page of the messages of a session, or of one chat of it.
pub(super) async fn page(
    guest: &Guest<BaileysApi, Reads>,
    name: &str,
    parts: &Parts,
    chat: Option<String>,
    failed: &'static str,
) -> Result<Json<List>, Refused> {
    let cursor = query(parts, "cursor");
    let invalid = |path, value: &str| {
        let error = FieldError::new(Some(value.into()), path, "query");
        Refused::Invalid(vec![error])
    };
    let limit = match query(parts, "limit") {
        Some(text) => text.parse::<i64>().map_err(|_| invalid("limit", &text))?,
        None => LIMIT,
    };
    let limit = if limit == 0 { LIMIT } else { limit };
    let Ok(session) = guest.session(name) else { return Ok(Json(List::default())) };
    guest.gateway().count_in_session(&session.id, false)?;
    let size = u32::try_from(limit.unsigned_abs()).unwrap_or(PAGE_SIZE_MAX).min(PAGE_SIZE_MAX);
    let filter = MessageFilter { chat, ..MessageFilter::default() };
    let request = PageRequest { size, token: cursor.clone() };
    let page =
        guest.gateway().messages(&session.id, &filter, &request).await.map_err(|error| match error {
            GatewayError::Store(StoreError::InvalidPageToken) => {
                invalid("cursor", &cursor.unwrap_or_default())
            }
            other => failing(failed)(other),
        })?;
    let mut data: Vec<_> =
        page.items.iter().map(|message| translate::row(message, &translate::name(&session))).collect();
    if limit < 0 {
        // The last of them, in the order of the vendor's list, which goes on nowhere.
        data.reverse();
        return Ok(Json(List { data, cursor: None }));
    }
    Ok(Json(List { data, cursor: page.next_page_token }))
}
