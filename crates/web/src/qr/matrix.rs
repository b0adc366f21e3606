//! The square of dark and light modules that a payload becomes.

use fast_qr::{ECL, QRBuilder};

/// The modules of one QR, without a quiet zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    width: usize,
    dark: Vec<bool>,
}

/// No QR holds that much: 2,953 bytes is the end of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload is longer than a QR can hold")]
pub struct PayloadTooLong;

impl Matrix {
    /// Encodes a payload with the lowest error correction: a screen is clean, and fewer modules are larger modules.
    pub fn encode(payload: &str) -> Result<Self, PayloadTooLong> {
        let code = QRBuilder::new(payload).ecl(ECL::L).build().map_err(|_| PayloadTooLong)?;
        let dark = code.data.iter().take(code.size * code.size).map(|module| module.value()).collect();
        Ok(Self { width: code.size, dark })
    }

    /// Modules along one side, 21 to 177.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether the module in a column and row is dark; everything outside is light, as the quiet zone is.
    pub fn is_dark(&self, column: isize, row: isize) -> bool {
        let inside = |at: isize| usize::try_from(at).ok().filter(|at| *at < self.width);
        match (inside(column), inside(row)) {
            (Some(column), Some(row)) => self.dark[row * self.width + column],
            _ => false,
        }
    }

    /// The runs of dark modules of one row: first column and length, in modules.
    pub(super) fn runs(&self, row: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let cells = &self.dark[row * self.width..(row + 1) * self.width];
        let mut column = 0;
        std::iter::from_fn(move || {
            column += cells.get(column..)?.iter().position(|dark| *dark)?;
            let start = column;
            column += cells[start..].iter().take_while(|dark| **dark).count();
            Some((start, column - start))
        })
    }
}
