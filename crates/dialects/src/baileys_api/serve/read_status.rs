//! `GET /sessions/{id}/status`: how who added a session without a stream hears what becomes of it.

use super::{BaileysApi, Refused, translate};
use crate::baileys_api::stream::warn_of_another_number;
use crate::baileys_api::wire::answer::{Status, StatusBody};
use crate::frame::guest::{InSession, Reads};
use axum::Json;
use chrono::TimeDelta;

/// Who asks again and again is warned of in the first of it.
const NEW: TimeDelta = TimeDelta::seconds(60);

pub(super) async fn handler(session: InSession<BaileysApi, Reads>) -> Result<Json<StatusBody>, Refused> {
    let (now, session) = (session.state().clock.now(), session.now()?);
    let status = translate::status(&session.state, now);
    if status == Status::Connected && now - session.state.since < NEW {
        warn_of_another_number(&session);
    }
    Ok(Json(StatusBody { status }))
}
