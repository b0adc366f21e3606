//! `GET /sessions/{id}/add-sse`: makes a session and tells how it goes, for as long as the client listens.
//!
//! Its n8n node asks for JSON and reads an answer to its end, and this one has none: so who takes JSON and no stream
//! gets the first QR alone. Strictly as the vendor has it, there is only the stream.

use super::{BaileysStream, QrBody, Refused, Standing, alias, create, errors, first_qr, translate};
use crate::baileys_api::{query_key, stream};
use crate::frame::guest::{Guest, Links, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use enlace_domain::session::{Session, Settings};

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<BaileysStream, Links>,
    mut parts: Parts,
) -> Result<Response, Refused> {
    let strict = guest.state().strict;
    if strict && query_key(&parts).is_none() {
        return Err(errors::query_key_missing());
    }
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let session = match guest.session(&name) {
        Ok(session) => session,
        Err(_) => create(&guest, alias(&name, "params")?, Settings::default()).await?,
    };
    guest.gateway().count_in_session(&session.id, true)?;
    if !strict && takes_json_alone(&parts.headers) {
        return Ok(as_json(&guest, &session).await?.into_response());
    }
    stream::open(guest, session.id.clone(), strict).await
}

async fn as_json(guest: &Guest<BaileysStream, Links>, session: &Session) -> Result<Json<QrBody>, Refused> {
    if translate::standing(session) == Standing::Taken {
        return Err(Refused::exists());
    }
    if translate::begins_at(session, guest.state().clock.now()).is_some() {
        return Err(Refused::not_created());
    }
    first_qr(guest, session).await
}

fn takes_json_alone(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds: Vec<_> = accepted
        .flat_map(|value| value.split(','))
        .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    let has = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
    has("application/json") && !["text/event-stream", "text/*", "*/*"].into_iter().any(has)
}
