//! Drawing a QR in each form, in this process, by the code that answers a request.

use crate::figure::{Figure, percentile};
use anyhow::Result;
use enlace_web::{QrFormat, draw_sample};
use std::hint::black_box;
use std::time::Instant;

/// As long as WhatsApp's: a reference, three keys in base64 and the kind of client.
const PAYLOAD: &str = "2@AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKl,\
                       dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,\
                       dGhpcnR5LXR3byBieXRlcyBvZiBhIGtleSEhISEhISE=,1";
const TIMES: usize = 300;
const PNG_MS: f64 = 1.0;

/// Milliseconds from a payload to the body of the answer, for each form.
pub(crate) fn measure() -> Result<Vec<Figure>> {
    QrFormat::ALL.into_iter().map(time).collect()
}

fn time(format: QrFormat) -> Result<Figure> {
    let mut samples = Vec::with_capacity(TIMES);
    let mut bytes = 0;
    for _ in 0..TIMES {
        let began = Instant::now();
        bytes = black_box(draw_sample(black_box(PAYLOAD), format)?).len();
        samples.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    let median = percentile(&mut samples, 0.5);
    let what = format!("drawing a QR: {}", format.as_str());
    let figure = if format == QrFormat::Png {
        Figure::at_most(what, median, PNG_MS, "ms")
    } else {
        Figure::told(what, median, "ms")
    };
    Ok(figure.because(format!("median of {TIMES}, {bytes} bytes, a payload of {} characters", PAYLOAD.len())))
}
