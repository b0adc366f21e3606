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

/// A member that can be null, which is another thing than not being there. Goes with `#[serde(default)]`.
#[derive(Default)]
pub(crate) enum Nullable<T> {
    /// Not there.
    #[default]
    Absent,
    /// Null, or a value.
    Written(Option<T>),
}

impl<T> Nullable<T> {
    /// What is made of what is written, or `absent`.
    pub(crate) fn map_or<R>(self, absent: R, written: impl FnOnce(Option<T>) -> R) -> R {
        match self {
            Self::Absent => absent,
            Self::Written(value) => written(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Written)
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
