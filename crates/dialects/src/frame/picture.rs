//! Pictures of a QR as vendors' clients take them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use enlace_web::qr::{self, Frame, Matrix, PayloadTooLong};

/// A PNG file.
pub(crate) fn png(payload: &str) -> Result<Vec<u8>, PayloadTooLong> {
    let matrix = Matrix::encode(payload)?;
    // The default frame holds every matrix: 177 modules and 4 at each side are fewer than its pixels.
    Ok(qr::png(&matrix, Frame::default()).unwrap_or_default())
}

/// The same as `data:image/png;base64,…`.
pub(crate) fn data_uri(payload: &str) -> Result<String, PayloadTooLong> {
    Ok(format!("data:image/png;base64,{}", base64(payload)?))
}

/// The same as base64 alone.
pub(crate) fn base64(payload: &str) -> Result<String, PayloadTooLong> {
    Ok(STANDARD.encode(png(payload)?))
}

/// An SVG document. `title` is what screen readers say.
pub(crate) fn svg(payload: &str, title: &str) -> Result<String, PayloadTooLong> {
    Ok(qr::svg(&Matrix::encode(payload)?, Frame::default(), title))
}
