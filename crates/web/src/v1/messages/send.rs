//! `POST /v1/sessions/{id}/messages`

use super::view::MessageView;
use super::{idempotency, planned};
use crate::kit::auth::{InSession, Sends};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, SessionProblems};
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::wait;
use crate::kit::written::Written;
use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use enlace_domain::address::Jid;
use enlace_domain::message::{Content, Message, Waiting};
use enlace_sessions::SendMessage;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Seconds to wait for the acknowledgement when nothing else is asked for.
const WAIT_DEFAULT: u32 = 10;

/// What to send.
#[derive(Deserialize, ToSchema)]
#[schema(as = MessageSend, example = json!({"to": "+999 100 000 002", "text": "Good morning"}))]
#[serde(deny_unknown_fields)]
pub(crate) struct SendBody {
    /// A phone number in any usual writing, or a JID of a person or group.
    #[schema(value_type = String)]
    to: Written,
    /// What to say.
    text: String,
    /// Seconds to wait for the server's acknowledgement, 0 to 60; 10 when left out.
    #[schema(maximum = 60)]
    wait: Option<u32>,
}

impl Input for SendBody {
    const MANNER: &'static [&'static str] = &["wait"];

    fn check(members: &Map<String, Value>) -> Result<(), Problem> {
        planned::refuse(members)
    }
}

/// The message as listed, and why it is not sent yet, when it is not.
#[derive(Serialize)]
pub(crate) struct SendView {
    #[serde(flatten)]
    message: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Waiting>,
}

/// Send a message
///
/// Stores it and sends it, in order per chat. 201 when the server acknowledged it within `wait`; else 202, the message
/// waits, and its id is the same. With an `Idempotency-Key` a repeated request answers with the first message.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/messages", operation_id = "message_send", tag = "messages",
    params(
        ("id" = String, Path, description = "The session."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255,
            description = "Your own name for this request; a repetition within a day sends nothing twice, whatever its `wait`."),
    ),
    request_body = SendBody,
    responses(
        (status = 201, description = "The server acknowledged it: `status` is `sent` or further.", body = MessageView),
        (status = 202, description = "It waits: `status` is `queued`, and `waiting` says why.", body = MessageView),
        SessionProblems, BodyProblems,
        (status = 409, description = "The session is not linked, `link-required`; or the `Idempotency-Key` stands for another request, `idempotency-mismatch`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, and named, `invalid-field`; or the network refused the message, `message-refused`, which is stored as failed and named by `message_id`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many messages wait already: `outbox-full`; or asked too often: `rate-limited`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 501, description = "A kind of message that this version does not send: `unsupported`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn send(
    session: InSession<Sends>,
    headers: HeaderMap,
    body: Body<SendBody>,
) -> Result<(StatusCode, Json<SendView>), Problem> {
    let idempotency = idempotency::key(&headers)?;
    let path = format!("/v1/sessions/{}/messages", session.id());
    let fingerprint = || idempotency::fingerprint("POST", &path, &body.canonical);
    let idempotency = idempotency.map(|key| (key, fingerprint()));
    let request = read(body.input, idempotency)?;
    let answer = session.gateway().send_message(session.id(), request).await?;
    let status = if answer.waiting.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Ok((status, Json(SendView { message: answer.message, waiting: answer.waiting })))
}

fn read(body: SendBody, idempotency: Option<(String, [u8; 32])>) -> Result<SendMessage, Problem> {
    Ok(SendMessage {
        to: Jid::parse(&body.to.0).map_err(|error| Problem::field("to", error.to_string()))?,
        content: Content::Text(body.text),
        wait: wait::within(body.wait, WAIT_DEFAULT)?,
        idempotency,
    })
}
