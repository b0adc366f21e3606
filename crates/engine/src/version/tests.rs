//! The page of versions, played.

use super::*;
use anyhow::Result;
use std::collections::VecDeque;
use std::path::PathBuf;
use wacore::net::HttpResponse;

const NEWER: ClientVersion = ClientVersion(2, 3000, 1_050_000_000);
const NEWEST: ClientVersion = ClientVersion(2, 3000, 1_060_000_000);

/// Answers in this order; when there is nothing left to say it says nothing, for ever.
#[derive(Default)]
struct Page {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<usize>,
}

impl Page {
    fn names(versions: &[ClientVersion]) -> (Arc<Self>, Arc<dyn HttpClient>) {
        let text = |version: &ClientVersion| format!(r#"x({{"client_revision":{},"y":1}})"#, version.2);
        Self::says(versions.iter().map(|version| (200, text(version))).collect())
    }

    fn says(answers: VecDeque<(u16, String)>) -> (Arc<Self>, Arc<dyn HttpClient>) {
        let page = Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::new(0) });
        (page.clone(), page)
    }

    fn asked(&self) -> usize {
        *self.asked.lock()
    }
}

#[async_trait::async_trait]
impl HttpClient for Page {
    async fn execute(&self, _: HttpRequest) -> Result<HttpResponse> {
        *self.asked.lock() += 1;
        let answer = self.answers.lock().pop_front();
        match answer {
            Some((status_code, body)) => Ok(HttpResponse { status_code, body: body.into_bytes() }),
            None => std::future::pending().await,
        }
    }
}

fn versions(policy: VersionPolicy) -> Arc<Versions> {
    Arc::new(Versions::new(policy))
}

#[tokio::test]
async fn the_first_dial_reads_the_page_for_all() {
    let (page, http) = Page::names(&[NEWER]);
    let versions = versions(VersionPolicy::default());
    let dials = (0..5).map(|_| versions.for_dial(&http));
    assert_eq!(futures::future::join_all(dials).await, [NEWER; 5]);
    assert_eq!(versions.for_dial(&http).await, NEWER);
    assert_eq!(page.asked(), 1);
}

#[tokio::test]
async fn rubbish_changes_nothing() {
    let rubbish = [
        (503, "<html>busy</html>".to_owned()),
        (403, format!(r#"{{"client_revision":{}}}"#, NEWER.2)),
        (200, String::new()),
        (200, "<html>Log in to the hotel</html>".to_owned()),
        (200, r#"{"client_revision":12}"#.to_owned()),
        (200, r#"{"client_revision":99999999999999}"#.to_owned()),
        (200, "assets-manifest-12345 ".to_owned()),
    ];
    for answer in rubbish {
        let (page, http) = Page::says([answer.clone()].into());
        let versions = versions(VersionPolicy::default());
        assert_eq!(versions.for_dial(&http).await, ClientVersion::BUILT_IN, "{answer:?}");
        assert_eq!(versions.for_dial(&http).await, ClientVersion::BUILT_IN);
        assert_eq!(page.asked(), 1, "it is left alone for a while");
    }
}

#[tokio::test]
async fn a_page_that_hangs_holds_no_dial_for_long() {
    let (_page, http) = Page::names(&[]);
    let versions = versions(VersionPolicy::default());
    assert_eq!(versions.for_dial(&http).await, ClientVersion::BUILT_IN);
}

#[tokio::test]
async fn a_pinned_version_and_a_page_that_is_none_are_never_looked_up() {
    let (page, http) = Page::names(&[NEWEST]);
    let pinned = versions(VersionPolicy { pinned: Some(NEWER), ..VersionPolicy::default() });
    assert_eq!(pinned.for_dial(&http).await, NEWER);
    assert!(!pinned.refused(NEWER, &http).await);
    let without = versions(VersionPolicy { url: String::new(), ..VersionPolicy::default() });
    assert_eq!(without.for_dial(&http).await, ClientVersion::BUILT_IN);
    assert!(!without.refused(ClientVersion::BUILT_IN, &http).await);
    assert_eq!(page.asked(), 0);
}

/// A file for the kept version in a folder of its own, which goes at the end.
struct Kept(PathBuf);

impl Kept {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("enlace-version-{:x}", rand::random::<u64>()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder.join("whatsapp-version"))
    }

    /// As a gateway that starts anew on it takes it up.
    fn versions(&self) -> Arc<Versions> {
        versions(VersionPolicy { kept: Some(self.0.clone()), ..VersionPolicy::default() })
    }

    fn text(&self) -> Option<String> {
        std::fs::read_to_string(&self.0).ok()
    }

    /// Writing goes on behind.
    async fn becomes(&self, version: ClientVersion) {
        let written = async {
            while self.text() != Some(format!("{version}\n")) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(20), written).await.unwrap_or_else(|_| panic!("kept: {:?}", self.text()));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.parent().map(std::fs::remove_dir_all));
    }
}

fn broken() -> Arc<dyn HttpClient> {
    Page::says([(500, String::new())].into()).1
}

#[tokio::test]
async fn a_version_that_was_taken_is_kept_over_a_restart_and_one_that_was_only_read_is_not() {
    let kept = Kept::new();
    let (_page, http) = Page::names(&[NEWER]);
    let versions = kept.versions();
    assert_eq!(versions.for_dial(&http).await, NEWER);
    assert_eq!(kept.versions().for_dial(&broken()).await, ClientVersion::BUILT_IN, "it was only read");
    versions.taken(NEWER);
    kept.becomes(NEWER).await;
    assert_eq!(kept.versions().for_dial(&broken()).await, NEWER);
    std::fs::write(&kept.0, "rubbish").unwrap();
    assert_eq!(kept.versions().for_dial(&broken()).await, ClientVersion::BUILT_IN);
}

#[tokio::test]
async fn pain_02_a_newer_version_that_is_refused_gives_way_to_the_last_good_one() {
    let kept = Kept::new();
    std::fs::write(&kept.0, NEWER.to_string()).unwrap();
    let (_page, http) = Page::names(&[NEWEST, NEWEST]);
    let versions = kept.versions();
    assert_eq!(versions.for_dial(&http).await, NEWEST);
    assert!(versions.refused(NEWEST, &http).await);
    assert_eq!(versions.for_dial(&http).await, NEWER, "the last good one, not the built-in one");
    assert_eq!(kept.text(), Some(NEWER.to_string()), "nor does a restart lose it");
    // That one is refused as well: the built-in one is left, and once taken it is the last good one.
    assert!(versions.refused(NEWER, &http).await);
    assert_eq!(versions.for_dial(&http).await, ClientVersion::BUILT_IN);
    versions.taken(ClientVersion::BUILT_IN);
    kept.becomes(ClientVersion::BUILT_IN).await;
}

#[test]
fn a_refusal_is_forgotten_after_a_day() {
    let now = Instant::now();
    let mut known =
        Known { told: NEWEST, good: Some(NEWER), refused: Vec::new(), asked_at: None, look_at: None };
    known.refuse(NEWER, now);
    assert_eq!(known.best_left(NEWEST, now + REFUSED / 2), ClientVersion::BUILT_IN);
    known.told = NEWEST;
    assert_eq!(known.best_left(NEWEST, now + REFUSED), NEWER, "one refusal bans a good version for a day");
}

#[tokio::test]
async fn a_refused_version_is_looked_up_and_not_told_again() {
    let (page, http) = Page::names(&[NEWER, NEWEST]);
    let versions = versions(VersionPolicy::default());
    assert_eq!(versions.for_dial(&http).await, NEWER);
    assert!(versions.refused(NEWER, &http).await);
    assert_eq!(versions.for_dial(&http).await, NEWEST);
    // The page was asked a moment ago and is not asked again; the built-in one is left to try.
    assert!(versions.refused(NEWEST, &http).await);
    assert_eq!(versions.for_dial(&http).await, ClientVersion::BUILT_IN);
    assert!(!versions.refused(ClientVersion::BUILT_IN, &http).await);
    assert_eq!(page.asked(), 2);
}

#[tokio::test]
async fn pain_02_many_that_are_refused_together_read_the_page_once() {
    let (page, http) = Page::names(&[NEWER]);
    let versions = versions(VersionPolicy::default());
    // Refused before it was ever due.
    let refused = (0..5).map(|_| versions.refused(ClientVersion::BUILT_IN, &http));
    assert_eq!(futures::future::join_all(refused).await, [true; 5]);
    assert_eq!(versions.for_dial(&http).await, NEWER);
    assert_eq!(page.asked(), 1);
}

#[test]
fn a_version_is_three_numbers() {
    assert_eq!(ClientVersion::parse("2.3000.1042742319"), Some(ClientVersion::BUILT_IN));
    assert_eq!(ClientVersion::BUILT_IN.to_string(), "2.3000.1042742319");
    for text in ["", "2.3000", "2.3000.x", "2.3000.1.2", "2,3000,1", "-1.2.3"] {
        assert_eq!(ClientVersion::parse(text), None, "{text}");
    }
}
