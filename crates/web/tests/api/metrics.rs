use super::support::{ADMIN, Api, PATIENCE, eventually};
use axum::http::Method;
use enlace_domain::key::Scope;

/// The value of a sample, as it is written.
fn sample(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned))
}

#[tokio::test]
async fn links_states_silence_and_reconnects_are_measured() {
    let api = Api::new().await;
    api.create("idle").await;
    let connection = api.online("ana").await;
    // What is counted is what is stored, a moment after it can be read.
    let completed = r#"enlace_links_total{network="simulator",outcome="completed"}"#;
    let answer = eventually(async || {
        let answer = api.get("/metrics").await;
        sample(answer.text(), completed).is_some().then_some(answer)
    })
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    for (name, value) in [
        (r#"enlace_build{version="0.0.0-test"}"#, "1"),
        (r#"enlace_sessions{network="simulator",state="online"}"#, "1"),
        (r#"enlace_sessions{network="simulator",state="unlinked"}"#, "1"),
        (r#"enlace_sessions{network="simulator",state="reconnecting"}"#, "0"),
        (r#"enlace_links_total{network="simulator",outcome="accepted"}"#, "1"),
        (completed, "1"),
        (r#"enlace_events_total{type="session.qr"}"#, "1"),
    ] {
        assert_eq!(sample(text, name).as_deref(), Some(value), "{name} in {text}");
    }
    assert!(
        !text.contains(r#"session="idle""#),
        "a session that never connected was silent for no time: {text}"
    );
    assert!(!text.contains("enlace_reconnects_total{"), "{text}");

    connection.lose("stream-error").await;
    let lost = r#"enlace_reconnects_total{network="simulator",reason="stream-error"}"#;
    tokio::time::timeout(PATIENCE, async {
        while sample(api.get("/metrics").await.text(), lost).is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the reconnection was counted");
}

/// Fails when a session that is at rest looks ever more silent.
#[tokio::test]
async fn a_session_at_rest_is_not_silent() {
    let api = Api::new().await;
    api.online("ana").await;
    let silence = r#"enlace_session_silence_seconds{network="simulator",session="ana"}"#;
    let shown = async || sample(api.get("/metrics").await.text(), silence).is_some();
    assert!(shown().await);
    for (path, at_rest) in [("stop", true), ("start", false), ("logout", true)] {
        let answer = api.call(Method::POST, &format!("/v1/sessions/ana/{path}"), ADMIN).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(shown().await, !at_rest, "after {path}");
    }
}

#[tokio::test]
async fn a_limited_key_measures_its_own_sessions_and_no_others() {
    let api = Api::new().await;
    api.online("ana").await;
    api.create("bruno").await;
    let key = api.key(&[Scope::Read], Some(&["bruno"])).await;
    let answer = api.call(Method::GET, "/metrics", &key).await;
    let text = answer.text();
    assert!(!text.contains("ana") && !text.contains("enlace_events"), "{text}");
    let own = r#"enlace_sessions{network="simulator",state="unlinked"}"#;
    assert_eq!(sample(text, own).as_deref(), Some("1"), "{text}");
    assert_ne!(api.call(Method::GET, "/metrics", ADMIN).await.text(), text);
}
