//! SVG: one path, crisp edges, scales without loss.

use super::{Frame, Matrix};
use std::fmt::Write;

/// Draws a matrix as a stand-alone SVG document. `title` is what screen readers say.
pub fn svg(matrix: &Matrix, frame: Frame, title: &str) -> String {
    let margin = frame.margin() as usize;
    let edge = matrix.width() + 2 * margin;
    let size = frame.size();
    let mut picture = String::with_capacity(matrix.width() * matrix.width() * 6);
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        picture,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {edge} {edge}" shape-rendering="crispEdges" role="img"><title>{title}</title><rect width="{edge}" height="{edge}" fill="#fff"/><path fill="#000" d=""##,
    );
    for row in 0..matrix.width() {
        for (column, length) in matrix.runs(row) {
            let _ = write!(picture, "M{} {}h{length}v1h-{length}z", column + margin, row + margin);
        }
    }
    picture.push_str("\"/></svg>\n");
    picture
}
