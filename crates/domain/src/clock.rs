//! Time as a parameter, so that tests own it.

use chrono::{DateTime, SubsecRound, Utc};

/// An instant, UTC, kept to the millisecond as it is shown.
pub type Timestamp = DateTime<Utc>;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// The current instant, cut to milliseconds.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Utc::now().trunc_subsecs(3)
    }
}

/// Serialises a timestamp as RFC 3339 UTC with exactly three decimals (`design` section 4).
pub mod millis {
    use super::Timestamp;
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// The text form, e.g. `2026-01-02T03:04:05.678Z`.
    pub fn format(at: &Timestamp) -> String {
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// For `#[serde(with = "millis")]`.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(at))
    }

    /// For `#[serde(with = "millis")]`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Utc)).map_err(serde::de::Error::custom)
    }

    /// The same for optional timestamps: `#[serde(default, with = "millis::option")]`.
    pub mod option {
        use super::{Deserialize, Deserializer, Serializer, Timestamp};

        /// For `#[serde(with = "millis::option")]`.
        pub fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// For `#[serde(with = "millis::option")]`.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            #[derive(Deserialize)]
            struct Wrapped(#[serde(with = "super")] Timestamp);
            Ok(Option::<Wrapped>::deserialize(deserializer)?.map(|wrapped| wrapped.0))
        }
    }
}
