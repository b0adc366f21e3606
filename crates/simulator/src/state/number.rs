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

/// The other form of a number of a country that has two: Brazil's with or without the ninth digit, Mexico's with or
/// without a 1 and Argentina's with or without a 9 behind the country.
pub(crate) fn other_form(number: u64) -> Option<u64> {
    let digits = number.to_string();
    let other = match (digits.get(..2)?, digits.len()) {
        ("55", 12) if matches!(digits.as_bytes()[4], b'6'..=b'9') => {
            format!("{}9{}", &digits[..4], &digits[4..])
        }
        ("55", 13) if digits.as_bytes()[4] == b'9' => format!("{}{}", &digits[..4], &digits[5..]),
        ("52", 12) => format!("521{}", &digits[2..]),
        ("52", 13) if digits.as_bytes()[2] == b'1' => format!("52{}", &digits[3..]),
        ("54", 12) => format!("549{}", &digits[2..]),
        ("54", 13) if digits.as_bytes()[2] == b'9' => format!("54{}", &digits[3..]),
        _ => return None,
    };
    other.parse().ok()
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
    fn the_two_forms_of_a_number_lead_to_each_other() {
        for (short, long) in [
            (552_088_887_777, 5_520_988_887_777),
            (520_000_000_000, 5_210_000_000_000),
            (540_000_000_000, 5_490_000_000_000),
        ] {
            assert_eq!((other_form(short), other_form(long)), (Some(long), Some(short)));
        }
        // A landline of Brazil has no ninth digit; other countries have one form.
        for number in [552_033_337_777, 999_123_456_789, 9_991_234] {
            assert_eq!(other_form(number), None, "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "123456", "0991234567", "1234567890123456", "99912345678a"] {
            assert!(parse_number(text).is_err(), "{text}");
        }
    }
}
