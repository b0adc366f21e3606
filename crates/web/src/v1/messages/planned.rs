//! Kinds of messages that WhatsApp has and this version does not send: told by name, not as an unknown field.

use crate::kit::problem::Problem;
use serde_json::{Map, Value};

const KINDS: [&str; 14] = [
    "image", "video", "audio", "voice", "document", "sticker", "location", "contact", "contacts", "poll",
    "vote", "reaction", "event", "forward",
];

/// Refuses a kind that is not sent yet.
pub(super) fn refuse(members: &Map<String, Value>) -> Result<(), Problem> {
    let given = |kind: &&&str| members.get(**kind).is_some_and(|value| !value.is_null());
    match KINDS.iter().find(given) {
        Some(kind) => Err(Problem::unsupported(
            kind,
            format!("this version sends text only, no `{kind}` yet; send {{\"to\": …, \"text\": …}}"),
        )),
        None => Ok(()),
    }
}
