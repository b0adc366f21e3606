//! The simulated phone's camera: reads the QR in a PNG, with a decoder that is not ours.

use anyhow::{Context, Result, bail};
use std::io::Cursor;

/// The text of the one QR in a PNG.
pub(super) fn read_qr(picture: &[u8]) -> Result<String> {
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    // Whatever the colours, 8 bits a sample.
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().context("the picture is no PNG")?;
    let mut pixels = vec![0; reader.output_buffer_size().context("the picture is too large")?];
    let frame = reader.next_frame(&mut pixels).context("the picture is damaged")?;
    let samples = frame.color_type.samples();
    let (width, height) = (usize::try_from(frame.width)?, usize::try_from(frame.height)?);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels.get((y * width + x) * samples).copied().unwrap_or(u8::MAX)
    });
    let [grid] = &image.detect_grids()[..] else { bail!("the picture does not show exactly one QR") };
    let (_, text) = grid.decode().context("the QR can't be read")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use enlace_web::qr::{Frame, Matrix};

    #[test]
    fn it_reads_what_the_api_draws() {
        let payload = "2@abc/def+ghi==,JKL=,MNO=,PQR=,1";
        let picture = enlace_web::qr::png(&Matrix::encode(payload).unwrap(), Frame::default()).unwrap();
        assert_eq!(read_qr(&picture).unwrap(), payload);
    }

    #[test]
    fn it_says_what_it_can_not_read() {
        assert!(read_qr(b"no picture").is_err());
    }
}
