//! `GET /v1/sessions/{id}/passkey`

use crate::kit::auth::{InSession, Links};
use crate::kit::docs::SessionProblems;
use crate::kit::problem::{Problem, ProblemBody};
use axum::Json;
use enlace_sessions::Passkey;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A passkey that WhatsApp asks for before it links.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey, example = json!({
    "status": "confirm",
    "options": {"challenge": "c2lnbiB0aGlz", "rpId": "web.whatsapp.com", "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": "aWQ"}]},
    "code": "ABCD-1234"
}))]
pub(crate) struct PasskeyView {
    /// What is to be done.
    status: PasskeyStatus,
    /// WebAuthn request options as WhatsApp gave them, in the form that `PublicKeyCredential.parseRequestOptionsFromJSON`
    /// reads. A browser uses them only on the site that `rpId` names, which is WhatsApp's.
    options: Value,
    /// Compare it with the one on the phone, then confirm.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// What is to be done about a passkey.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PasskeyStatus {
    /// Let an authenticator sign the options, and `POST` what it gives; the code follows.
    Requested,
    /// WhatsApp believed what was signed; the code follows. Only the answer to that `POST` says so.
    Answered,
    /// Compare the code with the one on the phone, and confirm.
    Confirm,
}

impl From<&Passkey> for PasskeyView {
    fn from(passkey: &Passkey) -> Self {
        let code = passkey.code.as_ref().map(|code| code.expose_secret().to_owned());
        let status = if code.is_some() { PasskeyStatus::Confirm } else { PasskeyStatus::Requested };
        Self { status, options: passkey.options.clone(), code }
    }
}

impl PasskeyView {
    /// The same right after what was signed was believed: the code may not be there yet.
    pub(super) fn answered(self) -> Self {
        let status = if self.code.is_some() { PasskeyStatus::Confirm } else { PasskeyStatus::Answered };
        Self { status, ..self }
    }
}

/// Look at the passkey that is asked for
///
/// After a QR was scanned or a code typed, WhatsApp may ask for a passkey of the account; the session is then
/// `awaiting_passkey`. This is what to sign, and once that was done the code to compare with the phone's.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/passkey", operation_id = "session_passkey", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    responses(
        (status = 200, description = "What is asked now.", body = PasskeyView),
        SessionProblems,
        (status = 409, description = "No passkey is asked of this session now: `no-passkey-asked`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn passkey(session: InSession<Links>) -> Result<Json<PasskeyView>, Problem> {
    let passkey = session.gateway().passkey(session.id())?;
    Ok(Json(PasskeyView::from(passkey.as_ref())))
}
