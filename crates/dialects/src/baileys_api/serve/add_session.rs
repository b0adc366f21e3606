//! `POST /sessions/add`: makes a session and answers with its first QR.
//!
//! What the vendor has forgotten because nobody scanned, or because it was logged out, rests here under its name;
//! adding it begins a link again.

use super::{BaileysApi, QrBody, Refused, Standing, alias, create, first_qr, translate};
use crate::baileys_api::body::{Rules, members};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Links};
use axum::Json;
use axum::http::HeaderMap;
use enlace_domain::key::Scope;
use enlace_domain::session::Settings;
use serde_json::Value;

pub(super) async fn handler(
    guest: Guest<BaileysApi, Links>,
    headers: HeaderMap,
    sent: Sent,
) -> Result<Json<QrBody>, Refused> {
    guest.need(Scope::Manage)?;
    let members = members(&headers, sent)?;
    let mut rules = Rules::new(&members);
    let name = rules.text("sessionId");
    rules.keep()?;
    let alias = alias(name, "body")?;
    // Of the library's own options, the one that means something here.
    let mark_online = members.get("markOnlineOnConnect").and_then(Value::as_bool).unwrap_or_default();
    let session = match guest.session(name) {
        Ok(session) if translate::standing(&session) == Standing::Free => session,
        Ok(_) => return Err(Refused::exists()),
        Err(_) => create(&guest, alias, Settings { mark_online, ..Settings::default() }).await?,
    };
    guest.gateway().count_in_session(&session.id, true)?;
    first_qr(&guest, &session).await
}
