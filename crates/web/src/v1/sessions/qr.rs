//! `GET /v1/sessions/{id}/qr`

use super::qr_drawing::Shown;
use super::qr_format::QrFormat;
use super::qr_view::{self, QrView};
use crate::kit::auth::{InSession, Links};
use crate::kit::docs::SessionProblems;
use crate::kit::own::Own;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::query::Query;
use crate::kit::wait;
use crate::qr::{Frame, MARGIN_DEFAULT, MARGIN_MAX, SIZE_DEFAULT, SIZE_MAX, SIZE_MIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use enlace_domain::clock::millis;
use enlace_domain::link::Qr;
use enlace_domain::session::Network;
use std::time::Duration;
use utoipa::ToSchema;

/// Where it is.
pub(super) const PATH: &str = "/v1/sessions/{id}/qr";

const QR_SEQ: HeaderName = HeaderName::from_static("enlace-qr-seq");
const QR_EXPIRES_AT: HeaderName = HeaderName::from_static("enlace-qr-expires-at");
/// On every answer that shows a QR or a code: one of a simulated network is for simulated phones only.
pub(super) const NETWORK: HeaderName = HeaderName::from_static("enlace-network");

/// Seconds to wait for the first QR when nothing else is asked for.
const WAIT_DEFAULT: u32 = 15;

/// The bytes of a PNG file.
#[derive(ToSchema)]
#[schema(as = PngFile, value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bytes that are no JSON")]
pub(crate) struct PngFile(Vec<u8>);

/// Look at the QR
///
/// The newest valid QR of a session that is not linked, in any of eight forms of one payload. Begins a link where that
/// harms nothing, and waits for its first QR. Never answers 200 without one.
#[utoipa::path(
    get, path = "/v1/sessions/{id}/qr", operation_id = "session_qr", tag = "sessions",
    params(
        ("id" = String, Path, description = "The session."),
        ("format" = Option<QrFormat>, Query,
            description = "The form; beats `Accept`. Without both, and for an `Accept` that cannot be met: `svg`."),
        ("wait" = Option<u32>, Query, maximum = 60, description = "Seconds to wait for the first QR, 0 to 60; 15 when left out."),
        ("size" = Option<u32>, Query, minimum = 64, maximum = 2048,
            description = "Edge of the picture in pixels, 64 to 2048; 400 when left out."),
        ("margin" = Option<u32>, Query, maximum = 32,
            description = "Light border in modules, 0 to 32; 4 when left out, which is what phones want."),
    ),
    responses(
        (status = 200, description = "The QR.",
            content(
                (String = "image/svg+xml"),
                (PngFile = "image/png"),
                (QrView = "application/json"),
                (String = "text/plain"),
            ),
            headers(
                ("Enlace-Qr-Seq" = u64, description = "Counts the QRs of a session from 1."),
                ("Enlace-Qr-Expires-At" = String, description = "When it ends, RFC 3339."),
                ("Enlace-Network" = String, description = "`whatsapp` or `simulator`; a simulated QR is for simulated phones only."),
            )),
        SessionProblems,
        (status = 406, description = "No such format; `formats` lists them: `unknown-format`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The state has no QR: `already-linked`, `pairing`, `session-stopped`, `session-replaced`, `session-restricted`, `link-interrupted`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "Nobody linked in time: `link-expired`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`wait`, `size` or `margin` is out of range: `invalid-field`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`network-unreachable`, `version-refused`, `network-unavailable`, `stopping`.",
            body = ProblemBody, content_type = "application/problem+json"),
        (status = 504, description = "No QR came within `wait`: `no-qr-from-network`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn qr(
    session: InSession<Links>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = QrFormat::wanted(query.text("format"), &headers)?;
    let frame = frame(&query)?;
    let wait = query.number("wait", &wait::RANGE, wait::WHAT)?.unwrap_or(WAIT_DEFAULT);
    let wait = Duration::from_secs(u64::from(wait));
    let qr = session.while_key_lives(session.by().qr(session.id(), wait)).await?;
    let record = session.gateway().session(session.id())?.session;
    let now = session.state().clock.now();
    let shown = Shown { session: record.id.as_str(), network: record.network, qr: &qr, now };
    let mut response = shown.draw(format, frame)?.into_response();
    mark(response.headers_mut(), &qr, record.network);
    Ok(response)
}

/// Any other method. `HEAD` is refused too: it would begin a link for someone who sees no QR.
pub(super) async fn only_get() -> impl IntoResponse {
    let detail =
        "a QR is only to be had with GET, which may begin a link; GET /v1/sessions/{id} tells the state";
    let problem = Problem::new(Own::MethodNotAllowed, detail);
    ([(header::ALLOW, "GET")], problem)
}

fn frame(query: &Query) -> Result<Frame, Problem> {
    let size = query.number("size", &(SIZE_MIN..=SIZE_MAX), "the picture's edge in pixels")?;
    let margin = query.number("margin", &(0..=MARGIN_MAX), "the light border in modules")?;
    Frame::new(size.unwrap_or(SIZE_DEFAULT), margin.unwrap_or(MARGIN_DEFAULT)).map_err(qr_view::invalid_frame)
}

fn mark(headers: &mut HeaderMap, qr: &Qr, network: Network) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // One address has many forms; a cache that ignores no-store must at least not mix them.
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(QR_SEQ, HeaderValue::from(qr.seq));
    headers.insert(NETWORK, HeaderValue::from_static(network.as_str()));
    if let Ok(expires_at) = HeaderValue::from_str(&millis::format(&qr.expires_at)) {
        headers.insert(QR_EXPIRES_AT, expires_at);
    }
}
