//! `GET /{id}/chats/{jid}`: the messages of a chat, newest first.

use super::{BaileysApi, Refused, list_messages};
use crate::baileys_api::wire::message::List;
use crate::frame::guest::{Guest, Reads, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<BaileysApi, Reads>,
    mut parts: Parts,
) -> Result<Json<List>, Refused> {
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let chat = parameter(&mut parts, &shared, "jid").await;
    list_messages::page(&guest, &name, &parts, chat, "An error occured during chat find").await
}
