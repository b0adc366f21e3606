//! Drawing a QR in each form, in this process.

use crate::figure::{Figure, percentile};
use anyhow::Result;
use enlace_web::qr::{Frame, Matrix, png, svg, terminal};
use std::hint::black_box;
use std::time::Instant;

/// As long as WhatsApp's: a reference, three keys in base64 and the kind of client.
const PAYLOAD: &str = "2@AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl,\
                       dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,\
                       dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,1";
const TIMES: usize = 300;

/// Milliseconds for the matrix with each drawing of it.
pub(crate) fn measure() -> Result<Vec<Figure>> {
    let frame = Frame::default();
    Ok(vec![
        time("drawing a QR: PNG", Some(1.0), || Ok(black_box(png(&Matrix::encode(PAYLOAD)?, frame)?).len()))?,
        time("drawing a QR: SVG", None, || Ok(black_box(svg(&Matrix::encode(PAYLOAD)?, frame, "QR")).len()))?,
        time("drawing a QR: terminal", None, || {
            Ok(black_box(terminal(&Matrix::encode(PAYLOAD)?, frame)).len())
        })?,
    ])
}

fn time(what: &str, budget: Option<f64>, draw: impl Fn() -> Result<usize>) -> Result<Figure> {
    let mut samples = Vec::with_capacity(TIMES);
    let mut bytes = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        bytes = draw()?;
        samples.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let median = percentile(&mut samples, 0.5);
    let figure = match budget {
        Some(budget) => Figure::at_most(what, median, budget, "ms"),
        None => Figure::told(what, median, "ms"),
    };
    Ok(figure.because(format!("median of {TIMES}, {bytes} bytes, a payload of {} characters", PAYLOAD.len())))
}
