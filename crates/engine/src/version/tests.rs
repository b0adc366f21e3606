//! The page of versions, played.

use super::*;
use anyhow::Result;
use std::collections::VecDeque;
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

#[tokio::test]
async fn what_was_read_is_kept_over_a_restart() {
    let folder = std::env::temp_dir().join(format!("enlace-version-{:x}", rand::random::<u64>()));
    std::fs::create_dir(&folder).unwrap();
    let kept = folder.join("whatsapp-version");
    let policy = VersionPolicy { kept: Some(kept.clone()), ..VersionPolicy::default() };
    let (_page, http) = Page::names(&[NEWER]);
    assert_eq!(versions(policy.clone()).for_dial(&http).await, NEWER);
    while !kept.exists() {
        tokio::task::yield_now().await;
    }
    let (_page, broken) = Page::says([(500, String::new())].into());
    assert_eq!(versions(policy.clone()).for_dial(&broken).await, NEWER);
    std::fs::write(&kept, "rubbish").unwrap();
    let (_page, broken) = Page::says([(500, String::new())].into());
    assert_eq!(versions(policy).for_dial(&broken).await, ClientVersion::BUILT_IN);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_refused_version_is_looked_up_and_never_told_again() {
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
