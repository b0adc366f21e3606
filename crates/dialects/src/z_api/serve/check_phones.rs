//! `POST /phone-exists-batch`: many numbers at once. What is no number does not exist, and spoils no other's answer.

use super::{InInstance, Refused, members, translate};
use crate::frame::body::Sent;
use crate::frame::guest::Reads;
use crate::z_api::wire::contact::PhoneExistsInBatch;
use axum::Json;
use serde_json::Value;

pub(super) async fn handler(
    session: InInstance<Reads>,
    sent: Sent,
) -> Result<Json<Vec<PhoneExistsInBatch>>, Refused> {
    let members = members(sent)?;
    let given = members.get("phones").and_then(Value::as_array);
    let given = given.ok_or_else(|| Refused::invalid("Invalid phones"))?;
    let given = given.iter().filter_map(|phone| translate::text(Some(phone)));
    let given: Vec<_> = given.map(|written| (translate::phone(&written), written)).collect();
    let phones: Vec<_> = given.iter().filter_map(|(phone, _)| phone.clone()).collect();
    let checks = if phones.is_empty() {
        Vec::new()
    } else {
        session.while_key_lives(session.gateway().check_numbers(session.id(), phones)).await?
    };
    // They answer in the order of the numbers.
    let mut checks = checks.into_iter();
    let answers = given.into_iter().map(|(phone, written)| {
        let person = phone.and_then(|_| checks.next()).and_then(|check| check.person);
        translate::exists_in_batch(written, person.as_ref())
    });
    Ok(Json(answers.collect()))
}
