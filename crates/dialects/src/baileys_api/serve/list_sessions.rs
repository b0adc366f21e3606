//! `GET /sessions`: also what clients try a key with.

use super::{BaileysApi, translate};
use crate::baileys_api::wire::answer::SessionRow;
use crate::frame::guest::{Guest, Reads};
use axum::Json;

pub(super) async fn handler(guest: Guest<BaileysApi, Reads>) -> Json<Vec<SessionRow>> {
    let now = guest.state().clock.now();
    let rows = guest.sessions().into_iter().map(|session| SessionRow {
        id: translate::name(&session),
        status: translate::status(&session.state, now),
    });
    Json(rows.collect())
}
