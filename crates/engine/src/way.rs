//! What comes before a dial: the version that is told, and one's turn.

use crate::config::ClientVersion;
use crate::pace::Pace;
use crate::version::Versions;
use std::sync::{Arc, OnceLock};
use wacore::net::HttpClient;

/// What only WhatsApp itself asks for; shared by all its connections.
#[derive(Clone)]
pub(crate) struct Manners {
    /// The version.
    pub(crate) versions: Arc<Versions>,
    /// The turns.
    pub(crate) pace: Arc<Pace>,
    /// Reads the page of versions directly.
    pub(crate) page: Arc<dyn HttpClient>,
}

/// One connection's way to its dial.
pub(crate) struct Way {
    /// `None` on a simulated network, which is dialled at once and takes every version.
    pub(crate) manners: Option<Manners>,
    /// Whether a number is to be linked: then someone waits in front of it.
    pub(crate) links: bool,
    told: OnceLock<ClientVersion>,
}

impl Way {
    /// Before the dial.
    pub(crate) fn new(manners: Option<Manners>, links: bool) -> Self {
        Self { manners, links, told: OnceLock::new() }
    }

    /// Returns when it may be dialled, with the version to tell. `queued` is called if others are first.
    pub(crate) async fn clear(&self, queued: impl FnOnce()) -> ClientVersion {
        let Some(manners) = &self.manners else { return ClientVersion::BUILT_IN };
        manners.pace.turn(self.links, queued).await;
        let version = manners.versions.for_dial(&manners.page).await;
        *self.told.get_or_init(|| version)
    }

    /// The network takes the version that was told.
    pub(crate) fn taken(&self) {
        if let (Some(manners), Some(told)) = (&self.manners, self.told.get()) {
            manners.versions.taken(*told);
        }
    }

    /// The network refused the version. Says whether another one is worth a dial.
    pub(crate) async fn refused(&self, version: ClientVersion) -> bool {
        match &self.manners {
            Some(manners) => manners.versions.refused(version, &manners.page).await,
            None => false,
        }
    }
}
