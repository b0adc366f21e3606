//! Words for the person at the terminal, on standard output. A reader who went away is no error.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Writes a line.
pub(crate) fn write_line(line: Arguments<'_>) {
    let mut out = io::stdout().lock();
    // Nobody is left to be told that the terminal is gone.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes a line with the arguments of `format!`.
macro_rules! say {
    ($($arguments:tt)*) => { $crate::terminal::write_line(format_args!($($arguments)*)) };
}
pub(crate) use say;

/// Writes a sentence on standard error.
pub(crate) fn complain(line: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
