//! Phone numbers as people write them. Owns their reading and the numbers given to new phones.

use rand::RngExt as _;

use crate::error::SimulatorError;

/// Reads a number in any writing (`+`, spaces, dashes, dots, brackets) as 7 to 15 digits without a leading zero.
pub(crate) fn parse_number(text: &str) -> Result<u64, SimulatorError> {
    let refuse = |why: &str| {
        SimulatorError::InvalidNumber(format!(
            "`number` {why}; give 7 to 15 digits without a leading zero, e.g. 999123456789"
        ))
    };
    let mut digits = String::with_capacity(15);
    for c in text.trim().chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
            _ => return Err(refuse("has a character that no phone number has")),
        }
    }
    match digits.len() {
        0..7 => Err(refuse("is too short")),
        16.. => Err(refuse("is too long")),
        _ if digits.starts_with('0') => Err(refuse("begins with 0")),
        _ => digits.parse().map_err(|_| refuse("is no number")),
    }
}

/// A number of the unassigned range 999…, 12 digits.
pub(crate) fn random_number() -> u64 {
    rand::rng().random_range(999_000_000_000..=999_999_999_999)
}

/// A hidden id, 15 digits.
pub(crate) fn random_lid() -> u64 {
    rand::rng().random_range(100_000_000_000_000..=299_999_999_999_999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_writing_of_a_number_is_read() {
        assert_eq!(parse_number("+999 (123) 456-789").unwrap(), 999_123_456_789);
        assert_eq!(parse_number("9991234").unwrap(), 9_991_234);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "123456", "0991234567", "1234567890123456", "99912345678a"] {
            assert!(parse_number(text).is_err(), "{text}");
        }
    }
}
