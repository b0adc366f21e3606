//! The end of the process.

use crate::harness::{Server, WITHIN};
use anyhow::{Context, Result, ensure};
use serde_json::json;

#[tokio::test]
async fn sigterm_in_the_middle_of_a_link_ends_in_order_and_the_link_rests() -> Result<()> {
    let mut server = Server::start().await?;
    server.create("by-qr").await?;
    server.create("by-code").await?;
    let phone = server.phones.buy("Bruno", None).await?;
    server.qr("by-qr").await?;
    let code = json!({ "method": "code", "phone": phone.number });
    server.api.post("/v1/sessions/by-code/link", &code).await?.expect_status(200)?;
    // An open stream must not hold the end back.
    let mut stream = server.api.events("/v1/events?after=0", None).await?;
    stream.next_within(WITHIN).await?;
    server.stop().await?;
    while stream.next().await.unwrap_or(None).is_some() {}

    server.start_again(&["--simulator"]).await?;
    for id in ["by-qr", "by-code"] {
        let session = server.wait_state(id, &["link_expired"]).await?;
        ensure!(session["state"]["reason"] == "gateway-restarted", "{session}");
        // It links again as if nothing had been.
        let again = server.api.post(&format!("/v1/sessions/{id}/link"), &json!({ "method": "qr" })).await?;
        ensure!(again.status.is_success(), "{}", again.text());
    }
    Ok(())
}

#[tokio::test]
async fn an_orderly_restart_brings_linked_sessions_back_without_a_qr() -> Result<()> {
    let mut server = Server::start().await?;
    let phone = server.link("ana").await?;
    let before = server.newest().await?;
    server.process.signal("INT")?;
    let status = server.process.ended().await?;
    ensure!(status.success(), "{status}: {}", server.process.errors());
    server.start_again(&["--simulator"]).await?;
    server.wait_state("ana", &["online"]).await?;
    let events = server.all_events().await?;
    let after = events.iter().filter(|event| event.id > Some(before));
    ensure!(after.into_iter().all(|event| event.kind() != "session.qr"), "a QR was shown");
    let friend = server.phones.buy("Friend", None).await?;
    friend.send_text(&phone.number, "still there?").await?;
    server.send("ana", &friend.number, "still here").await?;
    friend.wait_for_text("still here", WITHIN).await?;
    Ok(())
}

#[tokio::test]
async fn secrets_are_in_no_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut server =
        Server::start_in(folder.path(), &["--simulator", "--log", "trace", "--log-format", "json"], &[])
            .await?;
    server.create("ana").await?;
    server.create("bruno").await?;
    let (ana, bruno) = (server.phones.buy("Ana", None).await?, server.phones.buy("Bruno", None).await?);
    let payload = server.qr("ana").await?["qr"].as_str().context("a payload")?.to_owned();
    ana.scan(&payload).await?;
    server.wait_state("ana", &["online"]).await?;
    let ask = json!({ "method": "code", "phone": bruno.number });
    let answer = server.api.post("/v1/sessions/bruno/link", &ask).await?.json()?;
    let code = answer["code"]["code"].as_str().context("a code")?.to_owned();
    bruno.type_code(&code).await?;
    server.wait_state("bruno", &["online"]).await?;
    server.send("ana", &bruno.number, "a very private word").await?;
    server.stop().await?;
    let log = server.process.errors();
    ensure!(log.lines().all(|line| line.starts_with('{')), "--log-format json");
    for secret in
        [payload.as_str(), &code, &ana.number, &bruno.number, "a very private word", crate::harness::KEY]
    {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            anyhow::bail!("a secret is in the log: {line}");
        }
    }
    Ok(())
}
