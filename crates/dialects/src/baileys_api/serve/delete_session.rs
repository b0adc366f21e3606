//! `DELETE /sessions/{id}`
//!
//! The vendor answers before it has begun. We answer when the session is gone, which takes as long as the network
//! needs to hear of it, a few seconds at most.

use super::{BaileysApi, Refused};
use crate::baileys_api::wire::answer::MessageBody;
use crate::frame::guest::{InSession, Manages};
use axum::Json;

pub(super) async fn handler(session: InSession<BaileysApi, Manages>) -> Result<Json<MessageBody>, Refused> {
    session.by().delete_session(session.id(), false).await?;
    Ok(Json(MessageBody { message: "Session deleted" }))
}
