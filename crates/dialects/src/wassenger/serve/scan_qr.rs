//! `GET /devices/{id}/scan`
//!
//! A device that is linked is left alone unless `force` says otherwise, by which this vendor's clients mean it. While
//! no QR is there the vendor answers an error and clients ask again; we wait a little for the first one.

use super::{NO_STORE, Refused, WAIT, Wassenger, translate};
use crate::frame::guest::{InSession, Links};
use crate::frame::picture;
use crate::wassenger::encoding::Encoding;
use crate::wassenger::query::Query;
use crate::wassenger::signed::Picture;
use crate::wassenger::wire::scan::Scan;
use axum::Json;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use enlace_domain::clock::millis;
use enlace_domain::link::{LinkMethod, Qr};
use enlace_domain::session::{Network, Session};
use enlace_sessions::{GatewayError, LinkRequest};
use secrecy::ExposeSecret;
use std::sync::Arc;

pub(in crate::wassenger) async fn handler(
    session: InSession<Wassenger, Links>,
    query: Query,
    parts: Parts,
) -> Result<Response, Refused> {
    let encoding = Encoding::wanted(&query)?;
    let qr = if query.flag("force")? {
        session.while_key_lives(forced(&session)).await?
    } else {
        session.while_key_lives(session.by().qr(session.id(), WAIT)).await?
    };
    let now = session.now()?;
    let address = || {
        let public_url = session.state().public_url.as_deref();
        Picture::of(&qr).address(&translate::id(&now), public_url, &parts)
    };
    Ok(([NO_STORE], draw(encoding, &now, &qr, address)?).into_response())
}

async fn forced(session: &InSession<Wassenger, Links>) -> Result<Arc<Qr>, GatewayError> {
    let request = LinkRequest {
        method: LinkMethod::Qr,
        phone: None,
        force: true,
        expect_phone: None,
        custom_code: None,
        wait: WAIT,
    };
    let answer = session.by().link(session.id(), request).await?;
    answer.qr.ok_or(GatewayError::NoQr { reason: None })
}

fn draw(
    encoding: Encoding,
    session: &Session,
    qr: &Qr,
    address: impl FnOnce() -> String,
) -> Result<Response, Refused> {
    let payload = qr.payload.expose_secret();
    let json = |data: String, qr_text, url| {
        Json(Scan { data, qr: qr_text, url, expires_at: millis::format(&qr.expires_at) }).into_response()
    };
    let drawn = match encoding {
        Encoding::Svg => {
            let simulated = session.network == Network::Simulator;
            let title = if simulated { "QR of a simulated network" } else { "WhatsApp QR" };
            picture::svg(payload, title)
                .map(|svg| ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
        }
        Encoding::Image => {
            picture::png(payload).map(|png| ([(header::CONTENT_TYPE, "image/png")], png).into_response())
        }
        Encoding::Base64 => picture::base64(payload).map(|base64| json(base64, None, None)),
        Encoding::Base64Uri => picture::data_uri(payload).map(|uri| json(uri, None, None)),
        Encoding::Json => Ok(json(payload.to_owned(), Some(payload.to_owned()), None)),
        Encoding::Uri => Ok(json(payload.to_owned(), None, Some(address()))),
    };
    drawn.map_err(|_| Refused::no_picture())
}
