//! The foreign APIs.

use super::secret;
use enlace_domain::alias::Dialect;
use secrecy::SecretString;
use serde::Deserialize;

/// Where one of them stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialectSettings {
    /// Whether it is served.
    pub enabled: bool,
    /// `host:port` of a listener of its own; empty for none.
    pub listen: String,
    /// A host name of its own; empty for none.
    pub host: String,
}

/// Z-API's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZApiSettings {
    /// Whether it is served.
    pub enabled: bool,
    /// `host:port` of a listener of its own; empty for none.
    pub listen: String,
    /// A host name of its own; empty for none.
    pub host: String,
    /// What clients send as `Client-Token`; empty where it is not asked for.
    #[serde(deserialize_with = "secret")]
    pub client_token: SecretString,
}

/// Those of baileys-api.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaileysApiSettings {
    /// Whether it is served.
    pub enabled: bool,
    /// `host:port` of a listener of its own; empty for none.
    pub listen: String,
    /// A host name of its own; empty for none.
    pub host: String,
    /// Whether what the original refuses is refused.
    pub strict: bool,
}

impl super::Settings {
    /// Where a dialect stands.
    pub fn dialect(&self, dialect: Dialect) -> DialectSettings {
        let (enabled, listen, host) = match dialect {
            Dialect::ZApi => (self.z_api.enabled, &self.z_api.listen, &self.z_api.host),
            Dialect::Wassenger => (self.wassenger.enabled, &self.wassenger.listen, &self.wassenger.host),
            Dialect::PressTicket => {
                (self.press_ticket.enabled, &self.press_ticket.listen, &self.press_ticket.host)
            }
            Dialect::BaileysApi => {
                (self.baileys_api.enabled, &self.baileys_api.listen, &self.baileys_api.host)
            }
        };
        DialectSettings { enabled, listen: listen.clone(), host: host.clone() }
    }
}
