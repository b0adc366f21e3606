//! PNG: one bit per pixel, whole pixels per module, exactly the size asked for.

use super::{Frame, InvalidFrame, Matrix};

/// Draws a matrix as a PNG. Pixels left over after whole-pixel scaling widen the quiet zone.
pub fn png(matrix: &Matrix, frame: Frame) -> Result<Vec<u8>, InvalidFrame> {
    let size = frame.size() as usize;
    let least = matrix.width() + 2 * frame.margin() as usize;
    let scale = size / least;
    if scale == 0 {
        return Err(InvalidFrame::TooSmall { least: u32::try_from(least).unwrap_or(u32::MAX) });
    }
    let offset = (size - scale * matrix.width()) / 2;
    let stride = size.div_ceil(8);
    let mut pixels = vec![0xFF_u8; stride * size];
    for row in 0..matrix.width() {
        let first = (offset + row * scale) * stride;
        for (column, length) in matrix.runs(row) {
            let start = offset + column * scale;
            darken(&mut pixels[first..first + stride], start, start + length * scale);
        }
        for copy in 1..scale {
            pixels.copy_within(first..first + stride, first + copy * stride);
        }
    }
    Ok(encode(frame.size(), &pixels))
}

/// Clears the bits of one line from `start` up to `end`, in pixels.
fn darken(line: &mut [u8], start: usize, end: usize) {
    for pixel in start..end {
        line[pixel / 8] &= !(0x80 >> (pixel % 8));
    }
}

fn encode(size: u32, pixels: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(2_048);
    let mut encoder = ::png::Encoder::new(&mut file, size, size);
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::One);
    encoder.set_compression(::png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a header of a valid size fits into memory");
    writer.write_image_data(pixels).expect("the buffer was made for this size");
    writer.finish().expect("writing into memory cannot fail");
    file
}
