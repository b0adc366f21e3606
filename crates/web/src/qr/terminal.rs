//! Half blocks for a terminal: two rows of modules a line.

use super::{Frame, Matrix};

/// Black on white from the fixed part of the 256-colour palette, so that dark, light and themed terminals alike show
/// dark modules dark.
const COLOURS: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// Draws a matrix with the frame's quiet zone; its size does not matter here.
pub fn terminal(matrix: &Matrix, frame: Frame) -> String {
    let margin = isize::try_from(frame.margin()).unwrap_or(0);
    let width = isize::try_from(matrix.width()).unwrap_or(0);
    let (first, end) = (-margin, width + margin);
    let mut text = String::new();
    let mut row = first;
    while row < end {
        text.push_str(COLOURS);
        for column in first..end {
            text.push(match (matrix.is_dark(column, row), matrix.is_dark(column, row + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text.push_str(RESET);
        text.push('\n');
        row += 2;
    }
    text
}
