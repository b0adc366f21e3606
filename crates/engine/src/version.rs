//! Which version of WhatsApp Web is told to WhatsApp: one for all sessions.
//!
//! The one this build was made for counts as good. At the first dial, and once a day, the page that names the newest is
//! read, by one for all, and what it names is told from then on. Nothing of it is needed for a dial, and none waits long
//! for it. What is kept in a file is the last version with which WhatsApp let a device in or showed a QR: a page can name
//! a version that is refused, and then that one is told again. A version that was refused is left alone for a day, and no
//! longer: a refusal can be a mistake, too.

use crate::config::{ClientVersion, VersionPolicy};
use parking_lot::Mutex;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use wacore::net::{HttpClient, HttpRequest};
use wacore::version::parse_sw_js;

/// Longest that a dial waits for the page; reading it goes on behind.
const DIAL_WAITS: Duration = Duration::from_secs(3);
/// Longest that the end of a refused connection waits for it.
const REFUSED_WAITS: Duration = Duration::from_secs(8);
/// How long reading the page may take.
pub(crate) const PAGE_WITHIN: Duration = Duration::from_secs(10);
/// Largest page, in bytes.
pub(crate) const PAGE: u64 = 4 * 1024 * 1024;
/// How long what was read counts as the newest.
const FRESH: Duration = Duration::from_hours(24);
/// When a page that could not be read is tried again.
const AGAIN: Duration = Duration::from_mins(10);
/// How often at most the page is read because of a refusal.
const AT_MOST: Duration = Duration::from_mins(1);
/// How long a refused version is not told.
const REFUSED: Duration = Duration::from_hours(24);
/// Real revisions have ten digits; what is below was never one.
const FIRST_REVISION: u32 = 1_000_000_000;

/// The version, and how it is learnt.
pub(crate) struct Versions {
    policy: VersionPolicy,
    known: Mutex<Known>,
    /// One reads for all.
    reading: tokio::sync::Mutex<()>,
    /// One writes at a time.
    writing: Mutex<()>,
}

struct Known {
    /// What is told.
    told: ClientVersion,
    /// The last one that WhatsApp took.
    good: Option<ClientVersion>,
    /// What it refused, and when.
    refused: Vec<(ClientVersion, Instant)>,
    /// When the page was last read because of a refusal.
    asked_at: Option<Instant>,
    /// When it is read next.
    look_at: Option<Instant>,
}

impl Known {
    fn refuse(&mut self, version: ClientVersion, now: Instant) {
        self.refused.retain(|(known, _)| *known != version);
        self.refused.push((version, now));
    }

    fn is_refused(&mut self, version: ClientVersion, now: Instant) -> bool {
        self.refused.retain(|(_, at)| now.saturating_duration_since(*at) < REFUSED);
        self.refused.iter().any(|(known, _)| *known == version)
    }

    /// What is told once `refused` was refused. Where the page knew no better, the last good version gets its try, then
    /// the built-in one.
    fn best_left(&mut self, refused: ClientVersion, now: Instant) -> ClientVersion {
        if self.told == refused {
            let mut left = [self.good, Some(ClientVersion::BUILT_IN)].into_iter().flatten();
            self.told = left.find(|version| !self.is_refused(*version, now)).unwrap_or(refused);
        }
        self.told
    }
}

impl Versions {
    /// Takes up the version that was kept. It is told if it is newer than the built-in one.
    pub(crate) fn new(policy: VersionPolicy) -> Self {
        let good = policy.kept.as_deref().and_then(read_kept);
        let told = good.filter(|kept| *kept > ClientVersion::BUILT_IN).unwrap_or(ClientVersion::BUILT_IN);
        let known = Known { told, good, refused: Vec::new(), asked_at: None, look_at: None };
        Self {
            policy,
            known: Mutex::new(known),
            reading: tokio::sync::Mutex::default(),
            writing: Mutex::default(),
        }
    }

    /// The version for a dial that is to happen now.
    pub(crate) async fn for_dial(self: &Arc<Self>, http: &Arc<dyn HttpClient>) -> ClientVersion {
        if let Some(pinned) = self.policy.pinned {
            return pinned;
        }
        if self.is_due(Instant::now()) {
            self.look(http, DIAL_WAITS, Self::is_due).await;
        }
        self.known.lock().told
    }

    /// WhatsApp took a version: it let a device in with it, or showed a QR.
    pub(crate) fn taken(self: &Arc<Self>, version: ClientVersion) {
        if self.policy.pinned.is_some() || self.known.lock().good.replace(version) == Some(version) {
            return;
        }
        tracing::info!(%version, "WhatsApp takes this version; it is kept");
        let versions = Arc::clone(self);
        // Nothing waits for it.
        drop(tokio::task::spawn_blocking(move || versions.keep()));
    }

    fn keep(&self) {
        let Some(path) = &self.policy.kept else { return };
        let _one = self.writing.lock();
        let good = self.known.lock().good;
        if let Some(good) = good {
            write_kept(path, good);
        }
    }

    /// WhatsApp refused a version. Says whether there is another one to try.
    pub(crate) async fn refused(
        self: &Arc<Self>,
        refused: ClientVersion,
        http: &Arc<dyn HttpClient>,
    ) -> bool {
        if self.policy.pinned.is_some() {
            tracing::error!(
                version = %refused,
                "WhatsApp refuses the version that `version` in the section [whatsapp] sets; set a newer one, or none"
            );
            return false;
        }
        let is_current = {
            let mut known = self.known.lock();
            known.refuse(refused, Instant::now());
            known.told == refused
        };
        if is_current {
            self.look(http, REFUSED_WAITS, Self::asks_now).await;
        }
        let told = self.known.lock().best_left(refused, Instant::now());
        if told == refused {
            tracing::error!(
                version = %refused,
                "WhatsApp refuses this version of its web client and names no newer one; update Enlace, or set \
                 `version` in the section [whatsapp]"
            );
        } else {
            tracing::warn!(%refused, version = %told, "WhatsApp refuses this version; another one is tried");
        }
        told != refused
    }

    fn is_due(&self, now: Instant) -> bool {
        !self.policy.url.is_empty() && self.known.lock().look_at.is_none_or(|at| now >= at)
    }

    /// Whether a refusal may ask the page; if so, it did.
    fn asks_now(&self, now: Instant) -> bool {
        let mut known = self.known.lock();
        let may = known.asked_at.is_none_or(|at| now.duration_since(at) >= AT_MOST);
        let asks = may && !self.policy.url.is_empty();
        if asks {
            known.asked_at = Some(now);
        }
        asks
    }

    /// Reads the page, if `wanted` still holds when it is one's turn; goes on when nobody waits any longer.
    async fn look(
        self: &Arc<Self>,
        http: &Arc<dyn HttpClient>,
        wait: Duration,
        wanted: fn(&Self, Instant) -> bool,
    ) {
        let (versions, http) = (Arc::clone(self), Arc::clone(http));
        let looking = tokio::spawn(async move {
            let _one = versions.reading.lock().await;
            if wanted(&versions, Instant::now()) {
                versions.read_page(&http).await;
            }
        });
        if timeout(wait, looking).await.is_err() {
            tracing::info!("the page that names WhatsApp's web version takes long; it is not waited for");
        }
    }

    async fn read_page(&self, http: &Arc<dyn HttpClient>) {
        let page = timeout(PAGE_WITHIN, fetch(&self.policy.url, http.as_ref())).await;
        let named = page.unwrap_or_else(|_| Err("it did not answer in time".to_owned()));
        let now = Instant::now();
        let mut known = self.known.lock();
        known.look_at = Some(now + if named.is_ok() { FRESH } else { AGAIN });
        let before = known.told;
        match named {
            Ok(version) if known.is_refused(version, now) => {
                tracing::warn!(%version, "the page names a version that WhatsApp refused; it is not used");
            }
            Ok(version) => {
                known.told = version;
                tracing::info!(%version, %before, "the version of WhatsApp Web was read");
            }
            Err(wrong) => tracing::warn!(
                url = self.policy.url,
                wrong,
                version = %before,
                "the page that names WhatsApp's web version cannot be used; the version known so far stays"
            ),
        }
    }
}

async fn fetch(url: &str, http: &dyn HttpClient) -> Result<ClientVersion, String> {
    // As a browser asks for it; others are given another page.
    let request = HttpRequest::get(url).with_header("sec-fetch-site", "none").with_header(
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    );
    let answer = http.execute(request).await.map_err(|error| format!("{error:#}"))?;
    if answer.status_code != 200 {
        return Err(format!("it answered {}", answer.status_code));
    }
    let page = String::from_utf8_lossy(&answer.body);
    ClientVersion::named_by(&page).ok_or_else(|| "it names no version".to_owned())
}

impl ClientVersion {
    /// The version that WhatsApp Web's own page of its version names.
    pub fn named_by(page: &str) -> Option<Self> {
        let (major, minor, revision) = parse_sw_js(page)?;
        (revision >= FIRST_REVISION).then_some(Self(major, minor, revision))
    }
}

fn read_kept(path: &Path) -> Option<ClientVersion> {
    let text = std::fs::read_to_string(path).ok()?;
    let version = ClientVersion::parse(text.trim()).filter(|version| version.2 >= FIRST_REVISION);
    if version.is_none() {
        tracing::warn!(path = %path.display(), "the kept version of WhatsApp Web is unreadable; it is left alone");
    }
    version
}

/// Whole or not at all.
fn write_kept(path: &Path, version: ClientVersion) {
    let beside = path.with_extension("new");
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| writeln!(file, "{version}"))
        .and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "the version of WhatsApp Web could not be kept");
    }
}

#[cfg(test)]
mod tests;
