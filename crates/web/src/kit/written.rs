//! Phone numbers and addresses as they are written: as text, or as the bare JSON number that tools make of digits.

use serde::{Deserialize, Deserializer};

/// The text of a number or an address.
pub(crate) struct Written(pub(crate) String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl serde::de::Visitor<'_> for Visitor {
    type Value = Written;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Written, E> {
        Ok(Written(text.to_owned()))
    }

    fn visit_u64<E>(self, digits: u64) -> Result<Written, E> {
        Ok(Written(digits.to_string()))
    }
}
