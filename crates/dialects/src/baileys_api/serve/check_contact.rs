//! `GET /{id}/contacts/{jid}`: whether a number has WhatsApp. Nobody else is asked for: a group or a hidden id has
//! none.

use super::{BaileysApi, Refused};
use crate::baileys_api::errors::failing;
use crate::baileys_api::wire::answer::ExistsBody;
use crate::frame::guest::{InSession, Reads, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use enlace_domain::address::Jid;

pub(super) async fn handler(
    State(shared): State<Shared>,
    session: InSession<BaileysApi, Reads>,
    mut parts: Parts,
) -> Result<Json<ExistsBody>, Refused> {
    let text = parameter(&mut parts, &shared, "jid").await.unwrap_or_default();
    let Some(phone) = Jid::parse(&text).ok().and_then(|jid| jid.to_phone()) else {
        return Ok(Json(ExistsBody { exists: false }));
    };
    let checked = session.gateway().check_numbers(session.id(), vec![phone]).await;
    let checks = checked.map_err(failing("An error occured during jid check"))?;
    let exists = checks.first().is_some_and(|check| check.person.is_some());
    Ok(Json(ExistsBody { exists }))
}
