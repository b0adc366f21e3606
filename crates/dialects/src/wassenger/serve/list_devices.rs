//! `GET /devices`: a bare array, oldest first.

use super::{Refused, Wassenger, translate};
use crate::frame::guest::{Guest, Reads};
use crate::wassenger::query::Query;
use crate::wassenger::wire::device::Device;
use axum::Json;
use serde::Serialize;
use serde_json::Value;

struct Filter<'a> {
    ids: Vec<&'a str>,
    status: Vec<&'a str>,
    session_status: Vec<&'a str>,
    search: Option<String>,
}

pub(in crate::wassenger) async fn handler(
    guest: Guest<Wassenger, Reads>,
    query: Query,
) -> Result<Json<Vec<Device>>, Refused> {
    let (skipped, size) = query.page()?;
    let filter = Filter {
        ids: query.all("ids"),
        status: query.all("status"),
        session_status: query.all("sessionStatus"),
        search: query.text("search").map(str::to_lowercase),
    };
    let devices = guest.sessions().into_iter().map(|session| translate::device(&session));
    Ok(Json(devices.filter(|device| filter.passes(device)).skip(skipped).take(size).collect()))
}

impl Filter<'_> {
    fn passes(&self, device: &Device) -> bool {
        let session = || device.session.as_ref().map(|session| word(&session.status));
        is_one_of(&self.ids, || Some(device.id.clone()))
            && is_one_of(&self.status, || Some(word(&device.status)))
            && is_one_of(&self.session_status, session)
            && self.search.as_ref().is_none_or(|search| {
                let texts = [
                    Some(&device.id),
                    Some(&device.alias),
                    device.phone.as_ref(),
                    device.description.as_ref(),
                ];
                texts.into_iter().flatten().any(|text| text.to_lowercase().contains(search.as_str()))
            })
    }
}

/// Where nothing is wanted, everything is.
fn is_one_of(wanted: &[&str], text: impl FnOnce() -> Option<String>) -> bool {
    wanted.is_empty() || text().is_some_and(|text| wanted.iter().any(|one| one.eq_ignore_ascii_case(&text)))
}

/// A status as it is written in JSON.
fn word(status: &impl Serialize) -> String {
    match serde_json::to_value(status) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
