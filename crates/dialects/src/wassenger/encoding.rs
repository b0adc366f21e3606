//! The six forms of a QR that `scan` has.

use super::errors::Refused;
use super::query::Query;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Svg,
    Json,
    Base64,
    Base64Uri,
    Uri,
    Image,
}

impl Encoding {
    const ALL: [(&'static str, Self); 6] = [
        ("svg", Self::Svg),
        ("json", Self::Json),
        ("base64", Self::Base64),
        ("base64_uri", Self::Base64Uri),
        ("uri", Self::Uri),
        ("image", Self::Image),
    ];

    /// The one that is asked for. `Accept` is not looked at: the nodes send the same one for all but SVG.
    pub(super) fn wanted(query: &Query) -> Result<Self, Refused> {
        let Some(text) = query.text("encoding") else { return Ok(Self::Svg) };
        let known = Self::ALL.iter().find(|(name, _)| *name == text);
        known.map(|(_, encoding)| *encoding).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name).join(", ");
            Refused::field("encoding", format!("Query `encoding` must be one of: {names}"))
        })
    }
}
