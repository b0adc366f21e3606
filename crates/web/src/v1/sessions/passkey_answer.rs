//! `POST /v1/sessions/{id}/passkey`

use super::passkey::PasskeyView;
use crate::kit::auth::{InSession, Links};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, SessionProblems};
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use enlace_domain::port::whatsapp::PasskeyAssertion;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// What an authenticator signed, as `PublicKeyCredential.toJSON()` writes it. Further members are left out of what goes to
/// WhatsApp.
#[derive(Deserialize, ToSchema)]
#[schema(as = PasskeyAssertion)]
pub(crate) struct AssertionBody {
    /// The credential's id in base64url.
    #[serde(rename = "rawId")]
    raw_id: String,
    /// What it answers.
    response: AssertionResponse,
}

/// The signed part, each member in base64url.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AssertionResponse {
    /// What the browser said it signs for.
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    /// What the authenticator said of itself.
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    /// Over both.
    signature: String,
    /// Whose passkey it is, where the authenticator says so.
    #[serde(rename = "userHandle")]
    user_handle: Option<String>,
}

impl Input for AssertionBody {}

/// Answer the request for a passkey
///
/// Hands what an authenticator signed to WhatsApp and returns after WhatsApp believed it. The code to compare follows as an
/// event `session.passkey` with status `confirm`, and is read with `GET`. After a refusal another answer can be given.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/passkey", operation_id = "session_passkey_answer", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    request_body = AssertionBody,
    responses(
        (status = 202, description = "WhatsApp believed it: `status` is `answered`, or `confirm` when the code is there already.", body = PasskeyView),
        SessionProblems, BodyProblems,
        (status = 409, description = "No passkey is asked of this session now: `no-passkey-asked`; or it was used already and its code waits to be compared: `passkey-answered`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A part is missing or no base64url, and named: `invalid-field`; or WhatsApp did not believe it: `passkey-refused`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`connection-ended`, `stopping`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn answer(
    session: InSession<Links>,
    body: Body<AssertionBody>,
) -> Result<(StatusCode, Json<PasskeyView>), Problem> {
    let asked = session.gateway().passkey(session.id())?;
    let assertion = read(&body.input)?;
    session.while_key_lives(session.by().answer_passkey(session.id(), assertion)).await?;
    let now = session.gateway().passkey(session.id()).unwrap_or(asked);
    Ok((StatusCode::ACCEPTED, Json(PasskeyView::from(now.as_ref()).answered())))
}

/// Checked and written again as WhatsApp's own page writes it, without padding.
fn read(body: &AssertionBody) -> Result<PasskeyAssertion, Problem> {
    let AssertionResponse { client_data_json, authenticator_data, signature, user_handle } = &body.response;
    let credential_id = bytes("rawId", &body.raw_id)?;
    let part =
        |field: &'static str, text: &str| bytes(field, text).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let id = URL_SAFE_NO_PAD.encode(&credential_id);
    let user_handle = user_handle.as_deref().filter(|text| !text.is_empty());
    let json = json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "response": {
            "clientDataJSON": part("response.clientDataJSON", client_data_json)?,
            "authenticatorData": part("response.authenticatorData", authenticator_data)?,
            "signature": part("response.signature", signature)?,
            "userHandle": user_handle.map(|text| part("response.userHandle", text)).transpose()?,
        },
    });
    Ok(PasskeyAssertion { credential_id, json: json.to_string() })
}

fn bytes(field: &'static str, text: &str) -> Result<Vec<u8>, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| Problem::field(field, format!("{field} must be base64url, as the browser gives it")))
}
