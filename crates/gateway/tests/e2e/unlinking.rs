//! Unlinkings while the network is away.

use crate::elsewhere::network;
use crate::harness::{Server, WITHIN};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{Phones, ServerEvent};
use serde_json::json;

#[tokio::test]
async fn a_force_while_the_network_is_away_is_told_when_it_is_back_also_after_a_crash() -> Result<()> {
    let (folders, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (mut simulator, url) = network(folders.path(), "127.0.0.1:0").await?;
    let flag = format!("--simulator={url}");
    let mut server = Server::start_in(own.path(), &[&flag], &[]).await?;
    server.phones = Phones::new(&url)?;
    let phone = server.link("ana").await?;
    simulator.kill().await?;
    server.wait_state("ana", &["reconnecting"]).await?;

    let ask = json!({ "method": "qr", "force": true });
    let away = server.api.post("/v1/sessions/ana/link", &ask).await?;
    ensure!(away.status.as_u16() == 503, "{}: {}", away.status, away.text());
    let session = server.wait_state("ana", &["link_expired"]).await?;
    ensure!(session["state"]["reason"] == "network-unreachable", "{session}");
    ensure!(session["state"]["remote_unlink"] == "pending", "{session}");
    server.process.kill().await?;

    let address = url.strip_prefix("http://").context("an http address")?;
    let (_simulator, _) = network(folders.path(), address).await?;
    ensure!(phone.devices().await?.len() == 1, "the network cannot know yet");
    server.start_again(&[&flag]).await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?after=0&types=session.state", None).await?;
    let done = |event: &ServerEvent| event.data["data"]["state"]["remote_unlink"] == "done";
    stream.find(WITHIN, "that the network was told", done).await?;
    ensure!(phone.devices().await?.is_empty(), "the phone still lists the device");

    let qr = server.qr("ana").await?;
    phone.scan(qr["qr"].as_str().context("a payload")?).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}
