//! What the network does not take, and whom the client does not believe.

use crate::support::{Setup, World, lost};
use axum::routing::get;
use enlace_domain::port::EndReason;
use enlace_engine::{ClientVersion, Companion, VersionPolicy};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Waits until the file names the version: it is written behind.
async fn keeps(file: &Path, version: &str) {
    let named = || std::fs::read_to_string(file).unwrap_or_default();
    let written = async {
        while named().trim() != version {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), written).await;
    in_time.unwrap_or_else(|_| panic!("kept is {}, not {version}", named()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_no_phone_shows_is_refused_as_a_registration() {
    let companion = Companion { name: "x".repeat(51), ..Companion::default() };
    let world = World::with(Setup { companion, ..Setup::default() }).await;
    let (_, mut heard) = world.open("ana", false).await;
    assert_eq!(heard.ended().await, lost("login-failed"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_tls_certificate_nobody_vouches_for_is_refused() {
    let world = World::with(Setup { trusts: false, ..Setup::default() }).await;
    let (_, mut heard) = world.open("ana", false).await;
    assert_eq!(heard.ended().await, lost("certificate-refused"));
    assert!(world.simulator.trace(None, 0).is_empty(), "it heard nothing of what we are");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_02_a_refused_version_is_looked_up_and_the_next_dial_tells_the_new_one() {
    let (asked, page) =
        (Arc::new(AtomicUsize::new(0)), tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("http://{}/sw.js", page.local_addr().unwrap());
    let count = asked.clone();
    let named = move || async move {
        // At the first dial the page cannot be used.
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => "<html>Log in to the hotel</html>",
            _ => r#"{"client_revision":1099999999}"#,
        }
    };
    let service = axum::Router::new().route("/sw.js", get(named));
    tokio::spawn(async move { axum::serve(page, service).await });

    let kept = std::env::temp_dir().join(format!("enlace-xx-version-{}", std::process::id()));
    // Another process of this number may have left one.
    let _ = std::fs::remove_file(&kept);
    let version = VersionPolicy { url, kept: Some(kept.clone()), ..VersionPolicy::default() };
    let world = World::with(Setup { version, ..Setup::default() }).await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_, mut heard) = world.open("ana", false).await;
    let qr = heard.qr().await;
    keeps(&kept, &ClientVersion::BUILT_IN.to_string()).await;
    ana.scan(&qr).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let refuse = serde_json::json!({ "kind": "failure", "code": 405 });
    world.simulator.fault(serde_json::from_value(refuse.clone()).unwrap()).unwrap();
    let (_, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, lost("version-refreshed"), "worth another dial");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    keeps(&kept, &ClientVersion::BUILT_IN.to_string()).await;
    let (connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
    keeps(&kept, "2.3000.1099999999").await;
    std::fs::remove_file(&kept).unwrap();
    connection.close().await;

    // The new one is refused too: nothing is left to try.
    world.simulator.fault(serde_json::from_value(refuse).unwrap()).unwrap();
    let (_, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, EndReason::VersionRefused);
    assert_eq!(asked.load(Ordering::SeqCst), 2, "not asked more than once a minute");
}
