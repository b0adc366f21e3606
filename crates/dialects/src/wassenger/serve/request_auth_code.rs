//! `POST /devices/{id}/authcode`: a code to type on the phone, once the network took it. One that lives is given
//! again.

use super::{NO_STORE, Refused, WAIT, Wassenger, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{InSession, Links};
use crate::wassenger::query::Query;
use crate::wassenger::sent;
use axum::Json;
use axum::response::IntoResponse;
use enlace_domain::address::PhoneNumber;
use enlace_domain::link::LinkMethod;
use enlace_domain::session::Refusal;
use enlace_sessions::{GatewayError, LinkRequest};

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Links>,
    query: Query,
    body: Sent,
) -> Result<impl IntoResponse, Refused> {
    let force = query.flag("force")?;
    let given = sent::text(&sent::members(body)?, "phone");
    let phone = given.map(|text| PhoneNumber::parse(&text)).transpose();
    let phone = phone.map_err(|_| {
        Refused::field("phone", "`phone` must be a phone number in E.164 format, e.g. +16001234560")
    })?;
    // Also one that rests: here only `force` may cost a link.
    if !force && session.now()?.linked {
        return Err(GatewayError::Refused(Refusal::AlreadyLinked).into());
    }
    let request = LinkRequest {
        method: LinkMethod::Code,
        phone,
        force,
        expect_phone: None,
        custom_code: None,
        wait: WAIT,
    };
    let answer = session.while_key_lives(session.by().link(session.id(), request)).await?;
    let code = answer.code.ok_or(GatewayError::NoCode)?;
    Ok(([NO_STORE], Json(translate::auth_code(&code))))
}
