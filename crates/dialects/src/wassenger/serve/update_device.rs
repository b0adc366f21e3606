//! `PATCH /devices/{id}`: its texts, and whether it is enabled. What would have to be done and is not is refused, and
//! then nothing is changed.

use super::{Refused, Wassenger, translate};
use crate::frame::body::Sent;
use crate::frame::guest::{InSession, Manages};
use crate::wassenger::sent;
use crate::wassenger::wire::device::Device;
use axum::Json;
use enlace_sessions::PatchSession;
use serde_json::{Map, Value};

/// What is wanted.
pub(super) struct Wanted {
    pub(super) alias: Option<String>,
    /// The vendor's own texts, kept among the session's metadata.
    pub(super) own: Map<String, Value>,
    pub(super) enable: Option<bool>,
}

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Manages>,
    sent: Sent,
) -> Result<Json<Device>, Refused> {
    let Wanted { alias, own, enable } = read(sent)?;
    let metadata = (!own.is_empty()).then_some(own);
    let metadata = metadata.map(|own| Ok::<_, Refused>(merged(&session.now()?.metadata, own))).transpose()?;
    let patch = PatchSession { name: alias.map(Some), metadata, ..PatchSession::default() };
    let now = session.by().patch_session(session.id(), patch).await?;
    match enable {
        Some(true) if translate::is_disabled(&now) => drop(session.by().start_session(session.id()).await?),
        Some(false) => drop(session.by().stop_session(session.id()).await?),
        _ => {}
    }
    Ok(Json(translate::device(session.now()?.as_ref())))
}

fn merged(metadata: &Map<String, Value>, own: Map<String, Value>) -> Map<String, Value> {
    let mut metadata = metadata.clone();
    let kept = metadata.entry(translate::METADATA).or_insert_with(|| Map::new().into());
    if let Value::Object(kept) = kept {
        kept.extend(own);
    }
    metadata
}

/// What a body wants, or the first rule it breaks.
pub(super) fn read(body: Sent) -> Result<Wanted, Refused> {
    let members = sent::members(body)?;
    for name in ["settings", "webhooks"] {
        if sent::is_filled(&members, name) {
            return Err(Refused::not_served(&format!("`{name}` of a device; nothing was changed")));
        }
    }
    let alias = sent::text(&members, "alias");
    if alias.as_ref().is_some_and(|alias| !(2..=30).contains(&alias.chars().count())) {
        return Err(Refused::field("alias", "`alias` must have 2 to 30 characters"));
    }
    let description = sent::text(&members, "description");
    if description.as_ref().is_some_and(|text| text.chars().count() > 80) {
        return Err(Refused::field("description", "`description` must have at most 80 characters"));
    }
    let plan = sent::text(&members, "plan").or_else(|| sent::text(&members, "billingPlan"));
    let own = [("description", description), ("plan", plan)];
    let own = own.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))));
    Ok(Wanted { alias, own: own.collect(), enable: sent::flag(&members, "enable")? })
}
