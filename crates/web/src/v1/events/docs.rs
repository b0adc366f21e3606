//! What the streams of events share in the OpenAPI document: how one is asked for, and what is wrong with an ask.

use crate::kit::docs::problem;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::{RefOr, Required, Response};
use utoipa::{IntoParams, IntoResponses, PartialSchema};

/// What can be asked of a stream.
pub(crate) struct StreamParams;

impl IntoParams for StreamParams {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let types =
            parameter::<Vec<String>>("types", "Only these types, e.g. `message.received,session.state`.");
        let named = "`false` leaves `event:` out, for clients that hear only unnamed events.";
        let after = "Begin after this `seq`; 0 begins with the oldest kept. Left out: from now on.";
        let ticket = "A ticket of `POST /v1/stream-tickets` instead of a key, for a browser's `EventSource`.";
        let last = "The same; beats `after`. Clients send it when they reconnect.";
        vec![
            types.style(Some(ParameterStyle::Form)).explode(Some(false)).build(),
            parameter::<bool>("named", named).build(),
            parameter::<u64>("after", after).build(),
            parameter::<String>("ticket", ticket).build(),
            parameter::<u64>("Last-Event-ID", last).parameter_in(ParameterIn::Header).build(),
        ]
    }
}

fn parameter<T: PartialSchema>(name: &str, description: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(T::schema()))
}

/// 400, 410 and 422: a cursor or a type that cannot be met.
pub(crate) struct StreamProblems;

impl IntoResponses for StreamProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "The cursor is not a number: `invalid-cursor`."),
            (
                "410",
                "The cursor is newer than the log or older than what is kept; `oldest` and `newest` say what there is: `cursor-unknown`, `cursor-expired`.",
            ),
            ("422", "A type that does not exist: `invalid-field`."),
        ]
        .into_iter()
        .map(problem)
        .collect()
    }
}
