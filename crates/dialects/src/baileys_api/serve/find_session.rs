//! `GET /sessions/{id}`: whether there is one.

use super::BaileysApi;
use crate::baileys_api::wire::answer::MessageBody;
use crate::frame::guest::{InSession, Reads};
use axum::Json;

pub(super) async fn handler(_session: InSession<BaileysApi, Reads>) -> Json<MessageBody> {
    Json(MessageBody { message: "Session found" })
}
