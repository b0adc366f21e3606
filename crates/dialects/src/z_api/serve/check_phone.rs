//! `GET /phone-exists/{phone}`
//!
//! The vendor's page shows a list of one, and describes an object; its clients read an object.

use super::{InInstance, Refused, translate};
use crate::frame::guest::{Reads, parameter};
use crate::frame::state::Shared;
use crate::z_api::wire::contact::PhoneExists;
use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;

pub(super) async fn handler(
    State(shared): State<Shared>,
    session: InInstance<Reads>,
    mut parts: Parts,
) -> Result<Json<PhoneExists>, Refused> {
    let given = parameter(&mut parts, &shared, "phone").await.unwrap_or_default();
    let phone = translate::phone(&given).ok_or_else(|| Refused::invalid("Invalid phone"))?;
    let checks = session.gateway().check_numbers(session.id(), vec![phone.clone()]);
    let check = session.while_key_lives(checks).await?.into_iter().next();
    let person = check.and_then(|check| check.person);
    Ok(Json(translate::exists(&phone, person.as_ref())))
}
