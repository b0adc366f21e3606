//! Members of a session that the API names but this version does not do: refused, never silently dropped.

use crate::kit::problem::Problem;
use serde_json::{Map, Value};

/// Networks that are driven through a vendor's own API.
const VENDOR_NETWORKS: [&str; 4] = ["z-api", "wassenger", "press-ticket", "baileys-api"];

/// Refuses aliases that are really given.
pub(super) fn refuse(members: &Map<String, Value>) -> Result<(), Problem> {
    if members.get("aliases").is_some_and(is_given) {
        return Err(Problem::unsupported(
            "aliases",
            "a session is given its aliases when it is made, because clients hold on to them; make another session, or leave `aliases` out",
        ));
    }
    Ok(())
}

/// The answer to a network that sessions cannot have here.
pub(super) fn unknown_network(name: &str) -> Problem {
    if VENDOR_NETWORKS.contains(&name) {
        return Problem::unsupported(
            "network",
            "this version drives no accounts that live at another vendor; use the network `whatsapp` or `simulator`",
        );
    }
    Problem::field("network", "network is `whatsapp` or `simulator`")
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Object(members) => members.values().any(is_given),
        Value::Array(items) => items.iter().any(is_given),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}
