//! `POST /v1/sessions/{id}/link`

use super::qr::NETWORK;
use super::qr_drawing::Shown;
use super::qr_format::QrFormat;
use super::qr_view::QrView;
use super::view::StateView;
use crate::kit::auth::{InSession, Links};
use crate::kit::body::{Body, Input};
use crate::kit::docs::{BodyProblems, SessionProblems};
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::wait;
use crate::kit::written::Written;
use crate::qr::Frame;
use axum::Json;
use axum::response::IntoResponse;
use enlace_domain::address::PhoneNumber;
use enlace_domain::clock::millis;
use enlace_domain::link::{CODE_ALPHABET, LinkMethod, PairingCode, parse_custom_code};
use enlace_domain::session::SessionState;
use enlace_sessions::LinkRequest;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seconds to wait when nothing else is asked for.
const WAIT_DEFAULT: u32 = 15;

/// What is asked.
#[derive(Deserialize, ToSchema)]
#[schema(as = LinkRequest, example = json!({"method": "code", "phone": "+999 100 000 001"}))]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkBody {
    /// By QR or by pairing code. When left out: `code` if a phone is given, else `qr`.
    #[schema(value_type = Option<LinkMethodName>)]
    method: Option<LinkMethod>,
    /// For a code: the number, 7 to 15 digits in international form in any usual writing. May be left out when the
    /// session was linked before.
    #[schema(value_type = Option<String>)]
    phone: Option<Written>,
    /// Unlink a linked session first.
    force: Option<bool>,
    /// Refuse (unlink at once) a phone that is not this number.
    #[schema(value_type = Option<String>)]
    expect_phone: Option<Written>,
    /// For a code: the eight characters to use, of `123456789ABCDEFGHJKLMNPQRSTVWXYZ`
    /// (no 0, I, O, U); a dash in the middle is allowed.
    custom_code: Option<String>,
    /// Seconds to wait for the first QR, or for the network to accept the code, 0 to 60; 15 when left out.
    #[schema(maximum = 60)]
    wait: Option<u32>,
}

impl Input for LinkBody {}

/// How a phone is joined to a session.
#[derive(ToSchema)]
#[schema(as = LinkMethod, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the domain's LinkMethod, which serialises itself")]
pub(crate) enum LinkMethodName {
    Qr,
    Code,
}

/// What is answered.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkAnswer, example = json!({
    "method": "code",
    "state": {"name": "awaiting_code", "since": "2026-01-02T03:04:05.678Z"},
    "code": {"code": "ABCD1234", "display": "ABCD-1234", "phone": "999100000001", "expires_at": "2026-01-02T03:07:05.678Z"}
}))]
pub(crate) struct LinkView {
    /// How the phone joins.
    #[schema(value_type = LinkMethodName)]
    method: LinkMethod,
    /// What the session is now.
    #[schema(value_type = StateView)]
    state: SessionState,
    /// The newest QR, as `format=json` of the QR; with a code, when one is valid beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<QrView>,
    /// The code, after the network accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<CodeView>,
}

/// A code to type on the phone.
#[derive(Serialize, ToSchema)]
#[schema(as = PairingCode)]
pub(crate) struct CodeView {
    /// Eight characters.
    code: String,
    /// The same for people: `ABCD-1234`.
    display: String,
    /// The number it was issued for.
    phone: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
}

impl From<&PairingCode> for CodeView {
    fn from(code: &PairingCode) -> Self {
        Self {
            code: code.code.expose_secret().to_owned(),
            display: code.display().expose_secret().to_owned(),
            phone: code.phone.to_string(),
            expires_at: millis::format(&code.expires_at),
        }
    }
}

/// Link a phone
///
/// Begins or joins a link by QR or by pairing code, and waits for its first QR or for the network to accept the code.
/// A live code is returned again; another phone's replaces it. A linked session is unlinked only with `force`.
#[utoipa::path(
    post, path = "/v1/sessions/{id}/link", operation_id = "session_link", tag = "sessions",
    params(("id" = String, Path, description = "The session.")),
    request_body = Option<LinkBody>,
    responses(
        (status = 200, description = "A QR or a code to use now.", body = LinkView,
            headers(("Enlace-Network" = String, description = "`whatsapp` or `simulator`; a simulated QR or code is for simulated phones only."))),
        SessionProblems, BodyProblems,
        (status = 409, description = "The state forbids it: `already-linked`, `pairing`, `session-restricted`, `link-interrupted`; or another code took its place: `code-replaced`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "The round ended before anything came: `link-expired`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, and named: `invalid-field`, `phone-required`; or the network refused: `code-refused`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`network-unreachable`, `version-refused`, `network-unavailable`, `stopping`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 504, description = "Nothing came within `wait`: `no-qr-from-network`, `network-timeout`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn link(
    session: InSession<Links>,
    body: Body<LinkBody>,
) -> Result<impl IntoResponse, Problem> {
    let request = read(body.input)?;
    let method = request.method;
    let answer = session.while_key_lives(session.by().link(session.id(), request)).await?;
    let now = session.state().clock.now();
    let (session, network) = (answer.session.id.as_str(), answer.session.network);
    let view = |qr: &_| QrView::new(Shown { session, network, qr, now }, QrFormat::Json, Frame::default());
    let header = [(NETWORK, network.as_str())];
    let view = LinkView {
        method,
        state: answer.session.state.clone(),
        qr: answer.qr.as_deref().map(view).transpose()?,
        code: answer.code.as_deref().map(CodeView::from),
    };
    Ok((header, Json(view)))
}

fn read(body: LinkBody) -> Result<LinkRequest, Problem> {
    let LinkBody { method, phone, force, expect_phone, custom_code, wait } = body;
    let phone = number("phone", phone)?;
    let by_default = if phone.is_some() { LinkMethod::Code } else { LinkMethod::Qr };
    Ok(LinkRequest {
        method: method.unwrap_or(by_default),
        phone,
        force: force.unwrap_or(false),
        expect_phone: number("expect_phone", expect_phone)?,
        custom_code: custom_code.as_deref().map(characters).transpose()?.map(Into::into),
        wait: wait::within(wait, WAIT_DEFAULT)?,
    })
}

fn number(field: &'static str, written: Option<Written>) -> Result<Option<PhoneNumber>, Problem> {
    let number = written.map(|Written(text)| PhoneNumber::parse(&text)).transpose();
    number.map_err(|error| Problem::field(field, error.to_string()))
}

fn characters(text: &str) -> Result<String, Problem> {
    parse_custom_code(text).ok_or_else(|| {
        Problem::field("custom_code", format!("custom_code is eight characters of {CODE_ALPHABET}"))
    })
}
