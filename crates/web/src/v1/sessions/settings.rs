//! Settings as they are sent: members left out keep what is.

use crate::kit::written::Nullable;
use enlace_sessions::SettingsChange;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to set. Members left out keep their value, at creation the default.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = SettingsChange)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsBody {
    /// QR rounds per link request, 1 to 10; null leaves it to the gateway.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10)]
    link_max_rounds: Nullable<u32>,
    /// Whether the companion shows itself online.
    mark_online: Option<bool>,
}

impl SettingsBody {
    /// The change that is asked for.
    pub(crate) fn into_change(self) -> SettingsChange {
        let Self { link_max_rounds, mark_online } = self;
        SettingsChange { link_max_rounds: link_max_rounds.map_or(None, Some), mark_online }
    }
}
