//! The event stream's cursors: nothing twice, nothing skipped, and a clear word to a cursor that can't be served.

use crate::harness::{KEY, Server, WITHIN, check_no_gaps, problem};
use anyhow::{Result, ensure};
use enlace_gateway::client::ServerEvent;

#[tokio::test]
async fn a_reconnect_repeats_nothing_and_skips_nothing() -> Result<()> {
    let server = Server::start().await?;
    let first = server.link("ana").await?;
    let second = server.link("bruno").await?;
    for number in 0..20 {
        second.send_text(&first.number, &format!("text {number}")).await?;
        server.send("bruno", &first.number, &format!("reply {number}")).await?;
    }
    let whole = server.all_events().await?;
    check_no_gaps(&whole)?;
    // Reads a few events, goes away, and comes back with the id it saw last, until it has seen all.
    let mut pieces: Vec<ServerEvent> = Vec::new();
    while pieces.len() < whole.len() {
        let last = pieces.last().and_then(|event| event.id).unwrap_or_default();
        let mut stream = server.api.events("/v1/events", Some(last)).await?;
        for _ in 0..7.min(whole.len() - pieces.len()) {
            pieces.push(stream.next_within(WITHIN).await?);
        }
    }
    ensure!(pieces == whole, "a piecewise reader saw something else");
    Ok(())
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_served_from_the_log_after_a_restart_too() -> Result<()> {
    let mut server = Server::start().await?;
    let phone = server.link("ana").await?;
    let seen = server.newest().await?;
    server.stop().await?;
    server.start_again(&["--simulator"]).await?;
    server.wait_state("ana", &["online"]).await?;
    phone_again(&server, &phone.number).await?;
    let mut stream = server.api.events("/v1/events", Some(seen)).await?;
    let mut next = seen + 1;
    loop {
        let event = stream.next_within(WITHIN).await?;
        ensure!(event.id == Some(next), "{:?} came after {}", event.id, next - 1);
        next += 1;
        if event.kind() == "message.received" && event.data["data"]["text"] == "after the restart" {
            return Ok(());
        }
    }
}

async fn phone_again(server: &Server, number: &str) -> Result<()> {
    let other = server.phones.buy("Other", None).await?;
    other.send_text(number, "after the restart").await?;
    Ok(())
}

#[tokio::test]
async fn each_cursor_case_has_its_answer() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    for path in ["/v1/events?after=soon", "/v1/sessions/ana/events?after=-1", "/v1/events?after=1.5"] {
        problem(server.api.get(path).await?, 400, "invalid-cursor")?;
    }
    let header = server.api.ask(reqwest::Method::GET, "/v1/events", None, &[("last-event-id", "x")]).await?;
    problem(header, 400, "invalid-cursor")?;
    let refused = problem(server.api.get("/v1/events?after=99999999").await?, 410, "cursor-unknown")?;
    ensure!(refused["newest"].is_u64() && refused["oldest"].is_u64(), "{refused}");
    Ok(())
}

#[tokio::test]
async fn a_stream_without_a_cursor_begins_now_and_streams_can_be_narrowed_and_unnamed() -> Result<()> {
    let server = Server::start().await?;
    server.create("before").await?;
    let mut now = server.api.events("/v1/events?types=session.state", None).await?;
    let mut unnamed = server.api.events("/v1/events?named=false&after=0", None).await?;
    server.create("ana").await?;
    server.qr("ana").await?;
    let first = now.next_within(WITHIN).await?;
    ensure!(first.session() == "ana" && first.kind() == "session.state", "{}", first.data);
    ensure!(first.name.as_deref() == Some("session.state"), "named events");
    let first = unnamed.next_within(WITHIN).await?;
    ensure!(first.name.is_none() && !first.kind().is_empty(), "unnamed events");
    Ok(())
}

#[tokio::test]
async fn a_slow_reader_misses_nothing() -> Result<()> {
    let server = Server::start().await?;
    let ana = server.link("ana").await?;
    let other = server.phones.buy("Other", None).await?;
    let mut slow = server.api.events("/v1/events?types=message.received", None).await?;
    for number in 0..300 {
        other.send_text(&ana.number, &format!("{number} {}", "x".repeat(2_000))).await?;
    }
    for number in 0..300 {
        let event = slow.next_within(WITHIN).await?;
        let text = event.data["data"]["text"].as_str().unwrap_or_default();
        ensure!(text.starts_with(&format!("{number} ")), "text {number} is missing");
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_needs_a_key_and_a_session_that_exists() -> Result<()> {
    let server = Server::start().await?;
    problem(server.api.with_key(None).get("/v1/events").await?, 401, "key-missing")?;
    let other = KEY.replace('e', "f");
    problem(server.api.with_key(Some(&other)).get("/v1/events").await?, 401, "key-invalid")?;
    problem(server.api.get("/v1/sessions/nobody/events").await?, 404, "session-not-found")?;
    Ok(())
}
