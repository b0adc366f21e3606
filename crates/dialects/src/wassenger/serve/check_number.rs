//! `POST /numbers/exists`, and the older `GET` of the same: whether a number is on WhatsApp.

use super::{Refused, Wassenger, sender, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{Guest, Sends};
use crate::wassenger::query::Query;
use crate::wassenger::sent;
use crate::wassenger::wire::number::Exists;
use axum::Json;
use enlace_domain::address::{Jid, Person, PhoneNumber};

pub(in crate::wassenger) async fn handler(
    guest: Guest<Wassenger, Sends>,
    query: Query,
    body: Sent,
) -> Result<Json<Exists>, Refused> {
    let members = sent::members(body)?;
    let given = |name: &str| query.text(name).map(str::to_owned).or_else(|| sent::text(&members, name));
    let phone = given("phone").ok_or_else(|| Refused::field("phone", "`phone` is required"))?;
    let phone = PhoneNumber::parse(&phone).map_err(|_| {
        Refused::field("phone", "`phone` must be a phone number in E.164 format, e.g. +16001234560")
    })?;
    let session = sender(&guest, given("device").as_deref())?;
    guest.gateway().count_in_session(&session.id, false)?;
    let checks = guest.gateway().check_numbers(&session.id, vec![phone.clone()]).await?;
    let person = checks.into_iter().next().and_then(|check| check.person);
    let known = person.as_ref().and_then(|person| person.pn.as_ref());
    Ok(Json(Exists {
        exists: person.is_some(),
        phone: translate::e164(&known.and_then(Jid::to_phone).unwrap_or(phone)),
        wid: person.as_ref().and_then(Person::preferred).map(translate::wid),
    }))
}
