//! In which form a QR is wanted: `?format` says it; else the `Accept` header does, as far as it can.

use crate::kit::own::Own;
use crate::kit::problem::Problem;
use axum::http::{HeaderMap, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The forms of one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QrFormat)]
#[serde(rename_all = "snake_case")]
pub enum QrFormat {
    /// A scalable picture.
    Svg,
    /// A picture of pixels.
    Png,
    /// JSON with payload, link and picture, all of one `seq`.
    Json,
    /// JSON with the bare base64 of the PNG.
    Base64,
    /// JSON with the PNG as a data URI.
    DataUri,
    /// JSON with the link that opens WhatsApp's linked-devices screen.
    Uri,
    /// The raw payload.
    Text,
    /// Half blocks for a terminal.
    Terminal,
}

impl QrFormat {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Svg,
        Self::Png,
        Self::Json,
        Self::Base64,
        Self::DataUri,
        Self::Uri,
        Self::Text,
        Self::Terminal,
    ];

    /// Its name as `?format` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Json => "json",
            Self::Base64 => "base64",
            Self::DataUri => "data_uri",
            Self::Uri => "uri",
            Self::Text => "text",
            Self::Terminal => "terminal",
        }
    }

    /// The form asked for. An `Accept` that names none of them gets the SVG.
    pub(super) fn wanted(parameter: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        match parameter {
            Some(name) => Self::ALL.into_iter().find(|format| format.as_str() == name).ok_or_else(unknown),
            None => Ok(Self::accepted(headers)),
        }
    }

    fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(',')).filter_map(range);
        // The highest quality wins; among equals the one written first.
        ranges
            .fold(None, |best: Option<(Self, u16)>, (format, quality)| match best {
                Some((_, highest)) if highest >= quality => best,
                _ => Some((format, quality)),
            })
            .map_or(Self::Svg, |(format, _)| format)
    }
}

/// One range of an `Accept` header, with its quality in thousandths, when it stands for a form of ours.
fn range(text: &str) -> Option<(QrFormat, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let format = match parts.next()?.to_ascii_lowercase().as_str() {
        "image/svg+xml" | "image/*" | "*/*" => QrFormat::Svg,
        "image/png" => QrFormat::Png,
        "application/json" | "application/*" => QrFormat::Json,
        "text/plain" | "text/*" => QrFormat::Text,
        _ => return None,
    };
    let given =
        parts.find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")));
    let quality = given.map_or(1_000, thousandths);
    (quality > 0).then_some((format, quality))
}

/// `0.85` as 850. What is no quality counts as 1.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse()) {
        ("0" | "", Ok(thousandths)) => thousandths,
        _ => 1_000,
    }
}

fn unknown() -> Problem {
    let names = QrFormat::ALL.map(QrFormat::as_str);
    Problem::new(
        Own::UnknownFormat,
        format!("there is no such format; format is one of: {}", names.join(", ")),
    )
    .at("format")
    .with("formats", names.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &str) -> QrFormat {
        let headers = HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())]);
        QrFormat::wanted(None, &headers).unwrap()
    }

    #[test]
    fn accept_chooses_the_form_by_quality_then_by_order() {
        for (accept, format) in [
            ("image/svg+xml", QrFormat::Svg),
            ("image/png", QrFormat::Png),
            ("text/plain; charset=utf-8", QrFormat::Text),
            ("application/json", QrFormat::Json),
            ("application/json, text/plain, */*", QrFormat::Json),
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", QrFormat::Svg),
            ("image/svg+xml;q=0.5, image/png;q=0.85", QrFormat::Png),
            ("image/png;q=0, text/plain;q=0.1", QrFormat::Text),
            ("application/*", QrFormat::Json),
            ("text/*", QrFormat::Text),
            ("text/*;q=0.3, application/*;q=0.4", QrFormat::Json),
            ("text/html, text/*;q=0.2, */*;q=0.1", QrFormat::Text),
        ] {
            assert_eq!(accepting(accept), format, "{accept}");
        }
    }

    #[test]
    fn an_accept_that_cannot_be_met_gets_the_svg() {
        for accept in
            ["text/html", "application/pdf, video/*", "nonsense", "image/png;q=0", "application/*;q=0"]
        {
            assert_eq!(accepting(accept), QrFormat::Svg, "{accept}");
        }
        assert_eq!(QrFormat::wanted(None, &HeaderMap::new()).unwrap(), QrFormat::Svg);
    }

    #[test]
    fn the_parameter_beats_the_header_and_an_unknown_one_is_refused() {
        let headers = HeaderMap::from_iter([(header::ACCEPT, "image/png".parse().unwrap())]);
        assert_eq!(QrFormat::wanted(Some("data_uri"), &headers).unwrap(), QrFormat::DataUri);
        assert_eq!(QrFormat::wanted(Some("gif"), &headers).unwrap_err().code(), "unknown-format");
    }
}
