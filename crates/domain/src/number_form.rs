//! Numbers that exist in two forms. In three countries a mobile number is written with a digit more or less than it is
//! registered with, depending on when it was: people know one form, the network the other.
//!
//! - Brazil: `55`, two digits of area, a ninth digit `9` that was put before the eight old digits of mobile numbers;
//! - Mexico: `52`, a `1` that calls from abroad to mobile numbers once needed, ten digits;
//! - Argentina: `54`, a `9` that calls from abroad to mobile numbers need, ten digits.
//!
//! Nothing here says which form is right: that is the network's to say.

use crate::address::PhoneNumber;

impl PhoneNumber {
    /// The other form of a number that can have two. `None` for every other number.
    ///
    /// Brazil's old mobile numbers began with 6 to 9; others are left alone, because a digit more or less would make
    /// them somebody else's.
    pub fn alternate_form(&self) -> Option<Self> {
        let text = self.as_str();
        let (country, national) = text.split_at_checked(2)?;
        let other = match country {
            "55" => brazil(national)?,
            "52" => mexico(national)?,
            "54" => argentina(national)?,
            _ => return None,
        };
        Self::parse(&format!("{country}{other}")).ok()
    }

    /// Whether both are one line: the same number, or the two forms of one.
    pub fn is_same_line(&self, other: &Self) -> bool {
        self == other || self.alternate_form().is_some_and(|form| form == *other)
    }
}

fn brazil(national: &str) -> Option<String> {
    let (area, number) = national.split_at_checked(2)?;
    let is_old_mobile = |number: &str| number.starts_with(['6', '7', '8', '9']);
    if area.contains('0') {
        return None;
    }
    match (number.len(), number.strip_prefix('9')) {
        (8, _) if is_old_mobile(number) => Some(format!("{area}9{number}")),
        (9, Some(old)) if is_old_mobile(old) => Some(format!("{area}{old}")),
        _ => None,
    }
}

/// Mexico's area codes begin with 2 to 9.
fn mexico(national: &str) -> Option<String> {
    with_or_without('1', national, |number| !number.starts_with(['0', '1']))
}

/// Argentina's area codes are 11, or begin with 2 or 3.
fn argentina(national: &str) -> Option<String> {
    with_or_without('9', national, |number| number.starts_with("11") || number.starts_with(['2', '3']))
}

/// Ten digits, or eleven with `digit` before them.
fn with_or_without(digit: char, national: &str, is_given_out: impl Fn(&str) -> bool) -> Option<String> {
    let is_number = |number: &&str| number.len() == 10 && is_given_out(number);
    match national.strip_prefix(digit).filter(is_number) {
        Some(without) => Some(without.to_owned()),
        None => Some(national).filter(is_number).map(|number| format!("{digit}{number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::parse(text).unwrap()
    }

    /// Pairs of forms, in area codes that are not given out.
    const PAIRS: [(&str, &str); 5] = [
        ("5523987654321", "552387654321"),
        ("5523967654321", "552367654321"),
        ("5212000000001", "522000000001"),
        ("5492000000001", "542000000001"),
        ("5491100000000", "541100000000"),
    ];

    #[test]
    fn numbers_of_three_countries_have_two_forms() {
        for (long, short) in PAIRS {
            assert_eq!(number(long).alternate_form(), Some(number(short)));
            assert_eq!(number(short).alternate_form(), Some(number(long)));
            assert!(number(long).is_same_line(&number(short)) && number(short).is_same_line(&number(long)));
        }
    }

    #[test]
    fn every_other_number_has_one_form() {
        let others = [
            "999100000001",
            // Brazil: a landline, a mobile number that never had eight digits, no area code, too short, too long.
            "552332345678",
            "5523932345678",
            "550387654321",
            "55238765432",
            "55239876543210",
            // Mexico and Argentina: too short, too long, area codes that cannot be.
            "52200000000",
            "521200000000012",
            "521100000000",
            "549900000000",
            "54920000000011",
        ];
        for text in others {
            assert_eq!(number(text).alternate_form(), None, "{text}");
        }
        assert!(!number("999100000001").is_same_line(&number("999100000002")));
    }

    proptest! {
        #[test]
        fn the_other_form_of_the_other_form_is_the_first(text in "(55|52|54)[0-9]{8,12}") {
            let first = number(&text);
            if let Some(other) = first.alternate_form() {
                prop_assert_ne!(&other, &first);
                prop_assert_eq!(other.alternate_form(), Some(first));
            }
        }
    }
}
