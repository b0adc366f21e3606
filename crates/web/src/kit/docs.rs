//! Sets of error answers that many operations share, for the OpenAPI document.

use super::problem::CONTENT_TYPE;
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

const FOR_EVERY_KEY: [(&str, &str); 5] = [
    (
        "401",
        "No key, or none that is valid here: `key-missing`, `key-invalid`, `key-expired`; of a request that waits `key-changed`; of a ticket `ticket-invalid`, `ticket-expired`.",
    ),
    (
        "403",
        "The key has not the scope that this needs: `scope-missing`; or it is limited to sessions: `key-limited`.",
    ),
    ("429", "Asked too often: `rate-limited`; `Retry-After` says when to ask again."),
    ("500", "A fault of the gateway's: `internal`, `storage-failed`, …"),
    ("503", "Not now: `stopping`, `disk-full`, `worker-restarted`, …; `Retry-After` says when."),
];

/// 401, 403, 429, 500 and 503.
pub(crate) struct KeyProblems;

/// The same, and 404 for a session that is not there or beyond the key's reach.
pub(crate) struct SessionProblems;

impl IntoResponses for KeyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        FOR_EVERY_KEY.into_iter().map(problem).collect()
    }
}

impl IntoResponses for SessionProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let missing = ("404", "No such session within reach of this key: `session-not-found`.");
        FOR_EVERY_KEY.into_iter().chain([missing]).map(problem).collect()
    }
}

/// 400, 413 and 415: what every operation with a body can answer to one that it cannot read.
pub(crate) struct BodyProblems;

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "The body is not JSON: `invalid-json`."),
            ("413", "The body is larger than this gateway takes: `body-too-large`."),
            ("415", "The body does not say that it is JSON: `unsupported-media-type`."),
        ]
        .into_iter()
        .map(problem)
        .collect()
    }
}

/// One answer that is a problem.
pub(crate) fn problem((status, description): (&str, &str)) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content(CONTENT_TYPE, content).build();
    (status.to_owned(), RefOr::T(response))
}
