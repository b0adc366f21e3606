//! The section `[whatsapp]`.

use enlace_engine::{ClientVersion, Companion, DialPace, Platform, VersionPolicy, WhatsappNetwork};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::Path;

/// Where the last version that WhatsApp took is kept, in the data directory.
const KEPT_VERSION: &str = "whatsapp-version";
/// Longest name that a phone shows in one piece.
const NAME: usize = 50;

/// WhatsApp itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsappSettings {
    /// Where to dial.
    #[serde(deserialize_with = "address")]
    pub url: String,
    /// Dials a second, of all sessions together.
    #[serde(deserialize_with = "rate")]
    pub connects_per_second: f64,
    /// Dials at once after a rest.
    #[serde(deserialize_with = "burst")]
    pub connects_burst: u32,
    /// The one version that is told; none where it is looked up.
    #[serde(deserialize_with = "version")]
    pub version: Option<ClientVersion>,
    /// The page that names the newest version; empty for none.
    #[serde(deserialize_with = "page")]
    pub version_url: String,
    /// What phones show among their linked devices.
    #[serde(deserialize_with = "name")]
    pub companion_name: String,
    /// As which program they show it.
    #[serde(deserialize_with = "platform")]
    pub companion_platform: Platform,
}

impl WhatsappSettings {
    /// The network as the engine wants it.
    pub(crate) fn network(&self, data_dir: &Path) -> WhatsappNetwork {
        WhatsappNetwork {
            url: self.url.clone(),
            tls_authority: None,
            version: VersionPolicy {
                pinned: self.version,
                url: self.version_url.clone(),
                kept: Some(data_dir.join(KEPT_VERSION)),
            },
            pace: DialPace { per_second: self.connects_per_second, burst: self.connects_burst },
        }
    }

    /// What phones show.
    pub(crate) fn companion(&self) -> Companion {
        Companion { name: self.companion_name.clone(), platform: self.companion_platform }
    }
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let good = reqwest::Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "ws" | "wss") && url.has_host() && !crate::values::has_login(&url)
    });
    if good {
        return Ok(text);
    }
    Err(D::Error::custom(
        "whatsapp.url is no address of a WebSocket; it is written as wss://web.whatsapp.com/ws/chat",
    ))
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let rate = f64::deserialize(deserializer)?;
    if (0.01..=1000.0).contains(&rate) {
        return Ok(rate);
    }
    Err(D::Error::custom(format!("whatsapp.connects_per_second is {rate} and must be 0.01 to 1000")))
}

fn burst<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let burst = u32::deserialize(deserializer)?;
    if (1..=1000).contains(&burst) {
        return Ok(burst);
    }
    Err(D::Error::custom(format!("whatsapp.connects_burst is {burst} and must be 1 to 1000")))
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ClientVersion>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let version = ClientVersion::parse(&text).map(Some);
    version.ok_or_else(|| {
        D::Error::custom(format!("whatsapp.version is `{text}` and no version as 2.3000.1042742319"))
    })
}

fn page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    if url.is_empty() || url.starts_with("https://") || url.starts_with("http://") {
        return Ok(url);
    }
    Err(D::Error::custom(format!("whatsapp.version_url is `{url}` and no http:// or https:// address")))
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let length = name.trim().chars().count();
    if (1..=NAME).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(name.trim().to_owned());
    }
    Err(D::Error::custom(format!("whatsapp.companion_name must have 1 to {NAME} characters on one line")))
}

fn platform<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Platform, D::Error> {
    let name = String::deserialize(deserializer)?;
    Platform::parse(&name.to_ascii_lowercase()).ok_or_else(|| {
        let all = Platform::ALL.map(Platform::as_str).join(", ");
        D::Error::custom(format!("whatsapp.companion_platform is `{name}` and must be one of {all}"))
    })
}
