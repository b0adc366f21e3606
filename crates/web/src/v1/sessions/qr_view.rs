//! A QR in the forms that are JSON, and the drawing behind all of them.

use super::qr_drawing::Shown;
use super::qr_format::QrFormat;
use super::view::NetworkName;
use crate::kit::own::Own;
use crate::kit::problem::Problem;
use crate::kit::state::seconds_left;
use crate::qr::{self, Frame, InvalidFrame, Matrix};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use enlace_domain::clock::millis;
use enlace_domain::link::Qr;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

/// One pairing payload in a JSON form.
#[derive(Serialize, ToSchema)]
#[schema(as = Qr, example = json!({
    "session": "ana",
    "network": "simulator",
    "format": "uri",
    "data": "https://wa.me/settings/linked_devices#2@…",
    "seq": 3,
    "issued_at": "2026-01-02T03:04:05.678Z",
    "expires_at": "2026-01-02T03:04:25.678Z",
    "refresh_in": 20
}))]
pub(crate) struct QrView {
    /// Whose QR.
    session: String,
    /// The network it belongs to; one of `simulator` is for simulated phones only.
    #[schema(value_type = NetworkName)]
    network: &'static str,
    /// The form.
    format: QrFormat,
    /// In this form: the raw payload (`json`), base64 of a PNG, a data URI, or a link.
    data: String,
    /// Counts the QRs of a session from 1.
    seq: u64,
    /// When the network gave it.
    #[schema(format = DateTime)]
    issued_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
    /// Seconds until the next one is worth fetching.
    refresh_in: u64,
    /// In form `json`: the raw payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<String>,
    /// In form `json`: the link that opens WhatsApp's linked-devices screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    /// In form `json`: the PNG as a data URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
}

impl QrView {
    /// The QR in one of the JSON forms.
    pub(super) fn new(shown: Shown<'_>, format: QrFormat, frame: Frame) -> Result<Self, Problem> {
        let Shown { session, network, qr, now } = shown;
        let payload = || qr.payload.expose_secret().to_owned();
        let uri = || qr.uri().expose_secret().to_owned();
        let whole = matches!(format, QrFormat::Json);
        let data = match format {
            QrFormat::Base64 => STANDARD.encode(png(qr, frame)?),
            QrFormat::DataUri => data_uri(qr, frame)?,
            QrFormat::Uri => uri(),
            _ => payload(),
        };
        Ok(Self {
            session: session.to_owned(),
            network: network.as_str(),
            format,
            data,
            seq: qr.seq,
            issued_at: millis::format(&qr.issued_at),
            expires_at: millis::format(&qr.expires_at),
            refresh_in: seconds_left(qr.expires_at - now),
            qr: whole.then(payload),
            uri: whole.then(uri),
            image: if whole { Some(data_uri(qr, frame)?) } else { None },
        })
    }
}

/// The PNG of the payload.
pub(super) fn png(qr: &Qr, frame: Frame) -> Result<Vec<u8>, Problem> {
    qr::png(&matrix(qr)?, frame).map_err(invalid_frame)
}

/// The modules of the payload.
pub(super) fn matrix(qr: &Qr) -> Result<Matrix, Problem> {
    Matrix::encode(qr.payload.expose_secret()).map_err(|error| {
        tracing::error!(%error, "a network gave a QR that cannot be drawn");
        let detail = "the network gave a payload that no QR can hold; format=text has it";
        Problem::new(Own::QrTooLong, detail)
    })
}

/// A wrong size or margin, naming the parameter.
pub(super) fn invalid_frame(error: InvalidFrame) -> Problem {
    Problem::field(error.parameter(), error.to_string())
}

fn data_uri(qr: &Qr, frame: Frame) -> Result<String, Problem> {
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png(qr, frame)?)))
}
