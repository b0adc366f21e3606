//! `POST /whatsapp/check-number`

use super::{PressTicket, Refused, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Reads};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use enlace_domain::address::PhoneNumber;
use enlace_domain::session::StateName;
use serde::Serialize;
use serde_json::Value;

/// Whether a number has WhatsApp, in words too.
#[derive(Serialize)]
struct Checked<'a> {
    exists: bool,
    number: &'a str,
    message: &'static str,
}

/// What comes when nobody could be asked.
#[derive(Serialize)]
struct Unasked<'a> {
    error: bool,
    message: &'static str,
    number: &'a str,
}

pub(super) async fn handler(guest: Guest<PressTicket, Reads>, sent: Sent) -> Result<Response, Refused> {
    let bad = |text: &str| Refused::error(StatusCode::BAD_REQUEST, text);
    let number = match sent.members().remove("number") {
        Some(Value::String(text)) if !text.is_empty() => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(bad("Número é obrigatório")),
    };
    let format = || bad("Formato de número inválido. Apenas números são permitidos.");
    if !number.chars().all(|c| c.is_ascii_digit()) {
        return Err(format());
    }
    let phone = PhoneNumber::parse(&number).map_err(|_| format())?;
    // Any connection will do, and the lowest number is the default one.
    let online = guest.sessions().into_iter().filter(|session| session.state.name == StateName::Online);
    let Some(session) = online.min_by_key(|session| translate::number(session)) else {
        return Ok(unasked(&number));
    };
    guest.gateway().count_in_session(&session.id, false)?;
    let Ok(checked) = guest.gateway().check_numbers(&session.id, vec![phone]).await else {
        return Ok(unasked(&number));
    };
    let exists = checked.first().is_some_and(|check| check.person.is_some());
    let message =
        if exists { "Número registrado no WhatsApp" } else { "Número não registrado no WhatsApp" };
    Ok(Json(Checked { exists, number: &number, message }).into_response())
}

fn unasked(number: &str) -> Response {
    let message = "Erro ao verificar número no WhatsApp. Verifique se há uma conexão ativa.";
    (StatusCode::INTERNAL_SERVER_ERROR, Json(Unasked { error: true, message, number })).into_response()
}
