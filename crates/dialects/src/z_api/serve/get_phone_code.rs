//! `GET /phone-code/{phone}`: a code to type on the phone, once the network took it; the same as long as it lives.

use super::{InInstance, Linking, Refused, challenge, instead, look, translate};
use crate::frame::guest::{Links, parameter};
use crate::frame::state::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use enlace_domain::link::LinkMethod;
use enlace_sessions::LinkRequest;
use secrecy::ExposeSecret;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(15);

pub(super) async fn handler(
    State(shared): State<Shared>,
    session: InInstance<Links>,
    mut parts: Parts,
) -> Result<Json<Linking>, Refused> {
    let given = parameter(&mut parts, &shared, "phone").await.unwrap_or_default();
    let invalid = || Refused::invalid("Invalid phone");
    let phone = translate::phone(&given).ok_or_else(invalid)?;
    if challenge(&session).is_some()
        && let Err(instead) = look(&session).await?
    {
        return Ok(Json(instead));
    }
    let request = LinkRequest {
        method: LinkMethod::Code,
        phone: Some(phone),
        force: false,
        expect_phone: None,
        custom_code: None,
        wait: WAIT,
    };
    let answer = match session.while_key_lives(session.by().link(session.id(), request)).await {
        Ok(answer) => answer,
        Err(error) => return instead(error).map(Json),
    };
    let code = answer.code.ok_or_else(invalid)?.code.expose_secret().to_owned();
    Ok(Json(Linking::Code { value: code.clone(), code }))
}
