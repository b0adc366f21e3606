//! Drawing a QR: from a payload to its matrix, and from the matrix to SVG, PNG and terminal text.
//!
//! Pure functions over bytes: no request, no session, no I/O. The picture holds exactly the payload it was given.

mod frame;
mod matrix;
mod png;
mod svg;
mod terminal;

pub use frame::{Frame, InvalidFrame, MARGIN_DEFAULT, MARGIN_MAX, SIZE_DEFAULT, SIZE_MAX, SIZE_MIN};
pub use matrix::{Matrix, PayloadTooLong};
pub use png::png;
pub use svg::svg;
pub use terminal::terminal;
