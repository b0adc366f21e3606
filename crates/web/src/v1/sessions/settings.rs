//! Settings as they are sent: members left out keep what is.

use enlace_domain::session::Settings;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to set. Members left out keep their value, at creation the default.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SettingsChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// QR rounds per link request, 1 to 10.
    #[schema(minimum = 1, maximum = 10)]
    link_max_rounds: Option<u32>,
    /// Whether the companion shows itself online.
    mark_online: Option<bool>,
}

impl SettingsBody {
    /// The settings with these members changed.
    pub(crate) fn over(self, settings: &Settings) -> Settings {
        Settings {
            link_max_rounds: self.link_max_rounds.unwrap_or(settings.link_max_rounds),
            mark_online: self.mark_online.unwrap_or(settings.mark_online),
        }
    }
}
