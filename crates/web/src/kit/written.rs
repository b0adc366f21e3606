//! Members as they are written: phone numbers and addresses as text or as the bare JSON number that tools make of
//! digits, and a null that is something else than nothing.

use serde::{Deserialize, Deserializer};

/// The text of a number or an address.
pub(crate) struct Written(pub(crate) String);

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

/// For `#[serde(default, deserialize_with = "nullable")]`: `None` when the member is not there, `Some(None)` for null.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
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
