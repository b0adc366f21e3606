//! The body of a QR's answer in each of its forms: one payload, eight bodies.

use super::qr_format::QrFormat;
use super::qr_view::{self, QrView};
use crate::kit::problem::Problem;
use crate::qr::{self, Frame, PayloadTooLong};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use enlace_domain::clock::{Clock, SystemClock, Timestamp};
use enlace_domain::link::Qr;
use enlace_domain::session::Network;
use secrecy::ExposeSecret;

/// A QR with what is told beside it.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Whose.
    pub(super) session: &'a str,
    /// A simulated one says so wherever there is room.
    pub(super) network: Network,
    /// The payload with its times.
    pub(super) qr: &'a Qr,
    /// When it is shown.
    pub(super) now: Timestamp,
}

/// A body and its type.
pub(super) struct Drawing {
    kind: &'static str,
    body: Vec<u8>,
}

impl IntoResponse for Drawing {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.kind)], self.body).into_response()
    }
}

impl Shown<'_> {
    /// Draws it.
    pub(super) fn draw(self, format: QrFormat, frame: Frame) -> Result<Drawing, Problem> {
        let simulated = self.network == Network::Simulator;
        let typed = |kind, body| Drawing { kind, body };
        Ok(match format {
            QrFormat::Svg => {
                let title = if simulated { "QR of a simulated network" } else { "WhatsApp QR" };
                typed("image/svg+xml", qr::svg(&qr_view::matrix(self.qr)?, frame, title).into_bytes())
            }
            QrFormat::Png => typed("image/png", qr_view::png(self.qr, frame)?),
            QrFormat::Text => {
                typed("text/plain; charset=utf-8", self.qr.payload.expose_secret().as_bytes().to_vec())
            }
            QrFormat::Terminal => {
                let mut text = qr::terminal(&qr_view::matrix(self.qr)?, frame);
                if simulated {
                    text.push_str("simulated network: only a simulated phone can scan this\n");
                }
                typed("text/plain; charset=utf-8", text.into_bytes())
            }
            QrFormat::Json | QrFormat::Base64 | QrFormat::DataUri | QrFormat::Uri => {
                let view = QrView::new(self, format, frame)?;
                typed("application/json", serde_json::to_vec(&view).expect("texts and numbers become JSON"))
            }
        })
    }
}

/// What a session's QR of this payload is answered with in a form, for whoever measures the drawing alone.
pub fn draw_sample(payload: &str, format: QrFormat) -> Result<Vec<u8>, PayloadTooLong> {
    let now = SystemClock.now();
    let qr = Qr { seq: 1, round: 1, payload: payload.into(), issued_at: now, expires_at: now };
    let shown = Shown { session: "sample", network: Network::Simulator, qr: &qr, now };
    // The frame of no wish fits every QR, so only the payload can be at fault.
    shown.draw(format, Frame::default()).map(|drawing| drawing.body).map_err(|_| PayloadTooLong)
}
