//! `POST /whatsapp/{id}/request-pairing-code`
//!
//! The vendor answers before it has the code, which then comes by its socket and in the connection's `pairingCode`. We answer
//! once the network took it, and say it too.

use super::{PressTicket, Refused};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Links, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use enlace_domain::address::PhoneNumber;
use enlace_domain::clock::millis;
use enlace_domain::link::LinkMethod;
use enlace_sessions::LinkRequest;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(15);

/// The vendor's answer, and the code.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Requested {
    message: &'static str,
    pairing_code: String,
    pairing_code_expires_at: String,
}

pub(super) async fn handler(
    State(shared): State<Shared>,
    guest: Guest<PressTicket, Links>,
    mut parts: Parts,
    sent: Sent,
) -> Result<Json<Requested>, Refused> {
    let name = parameter(&mut parts, &shared, "id").await.unwrap_or_default();
    let invalid = || Refused::error(StatusCode::BAD_REQUEST, "ERR_INVALID_PHONE_NUMBER");
    let given = match sent.members().remove("phoneNumber") {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(invalid()),
    };
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    let phone = PhoneNumber::parse(&digits).map_err(|_| invalid())?;
    let unknown = |_| Refused::error(StatusCode::NOT_FOUND, "ERR_NO_WHATSAPP_FOUND");
    let session = guest.session(&name).map_err(unknown)?;
    guest.gateway().count_in_session(&session.id, true)?;
    let request = LinkRequest {
        method: LinkMethod::Code,
        phone: Some(phone),
        force: false,
        expect_phone: None,
        custom_code: None,
        wait: WAIT,
    };
    let answer = guest.while_key_lives(guest.by().link(&session.id, request)).await?;
    let code = answer.code.ok_or_else(invalid)?;
    Ok(Json(Requested {
        message: "Pairing code requested.",
        pairing_code: code.code.expose_secret().to_owned(),
        pairing_code_expires_at: millis::format(&code.expires_at),
    }))
}
