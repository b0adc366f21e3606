//! Phones: making, showing, linking, unlinking, presence, groups.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::body::{Body, PathOf};
use super::problem::Problem;
use crate::error::SimulatorError;
use crate::phone::{LinkPrompt, LinkedDevice, PasskeyPrompt, Phone};
use crate::state::network::Network;
use crate::state::number::parse_number;

#[derive(Serialize)]
pub(super) struct Shown {
    number: String,
    jid: String,
    lid: String,
    name: String,
}

impl Shown {
    fn of(phone: &Phone) -> Self {
        Self { number: phone.number(), jid: phone.jid(), lid: phone.lid(), name: phone.name() }
    }
}

#[derive(Serialize)]
pub(super) struct ShownFully {
    #[serde(flatten)]
    phone: Shown,
    link_prompts: Vec<LinkPrompt>,
    passkey_prompts: Vec<PasskeyPrompt>,
    devices: Vec<LinkedDevice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPhone {
    name: String,
    #[serde(default)]
    number: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scan {
    qr: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UseOfPasskey {
    /// WebAuthn request options as the gateway tells them.
    options: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    subject: String,
    participants: Vec<String>,
    #[serde(default)]
    addressing: Addressing,
}

#[derive(Default, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Addressing {
    #[default]
    Pn,
    Lid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPresence {
    #[serde(default)]
    to: Option<String>,
    state: crate::phone::PhonePresence,
}

/// The phone of a path.
pub(super) fn find(network: &Arc<Network>, number: &str) -> Result<Phone, Problem> {
    let number = number.split('@').next().unwrap_or_default();
    let account = parse_number(number).ok().and_then(|number| network.directory.by_number(number));
    let account = account.ok_or(SimulatorError::UnknownPhone)?;
    Ok(Phone { network: Arc::clone(network), account })
}

pub(super) async fn create(
    State(network): State<Arc<Network>>,
    Body(new): Body<NewPhone>,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    if new.name.trim().is_empty() {
        return Err(Problem::invalid("`name` is empty"));
    }
    let number = new.number.as_deref().map(parse_number).transpose()?;
    let account = network.create_phone(&new.name, number)?;
    let phone = Phone { network, account };
    Ok((StatusCode::CREATED, Json(Shown::of(&phone))))
}

pub(super) async fn list(State(network): State<Arc<Network>>) -> Json<Vec<Shown>> {
    let phones = network.directory.all().into_iter();
    Json(phones.map(|account| Shown::of(&Phone { network: Arc::clone(&network), account })).collect())
}

pub(super) async fn show(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
) -> Result<Json<ShownFully>, Problem> {
    let phone = find(&network, &number)?;
    Ok(Json(ShownFully {
        phone: Shown::of(&phone),
        link_prompts: phone.link_prompts(),
        passkey_prompts: phone.passkey_prompts(),
        devices: phone.devices(),
    }))
}

pub(super) async fn scan(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(scan): Body<Scan>,
) -> Result<Json<Value>, Problem> {
    let device = find(&network, &number)?.scan(&scan.qr).await?;
    Ok(Json(json!({ "device": device })))
}

pub(super) async fn pairing_code(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(code): Body<Code>,
) -> Result<Json<Value>, Problem> {
    let device = find(&network, &number)?.enter_code(&code.code).await?;
    Ok(Json(json!({ "device": device })))
}

pub(super) async fn passkey(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(use_of): Body<UseOfPasskey>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(find(&network, &number)?.use_passkey(&use_of.options)?))
}

pub(super) async fn devices(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
) -> Result<Json<Vec<LinkedDevice>>, Problem> {
    Ok(Json(find(&network, &number)?.devices()))
}

pub(super) async fn unlink(
    State(network): State<Arc<Network>>,
    PathOf((number, device)): PathOf<(String, String)>,
) -> Result<StatusCode, Problem> {
    let phone = find(&network, &number)?;
    let device = device.parse().map_err(|_| Problem::invalid("a device number is a number, 1 and up"))?;
    phone.unlink(device).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn presence(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(presence): Body<NewPresence>,
) -> Result<StatusCode, Problem> {
    find(&network, &number)?.set_presence(presence.to.as_deref(), presence.state)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn create_group(
    State(network): State<Arc<Network>>,
    PathOf(number): PathOf<String>,
    Body(new): Body<NewGroup>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let lid = matches!(new.addressing, Addressing::Lid);
    let jid = find(&network, &number)?.create_group(&new.subject, &new.participants, lid)?;
    Ok((StatusCode::CREATED, Json(json!({ "jid": jid }))))
}
