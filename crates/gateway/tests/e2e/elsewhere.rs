//! The simulated network in a process of its own, reached over its WebSocket door.

use crate::harness::{Process, Server, WITHIN, nobody_listens, run};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::Phones;
use std::path::Path;

/// A simulated network in a process of its own, and its address.
pub(crate) async fn network(folder: &Path, address: &str) -> Result<(Process, String)> {
    let path = folder.to_str().context("a plain name")?;
    let mut process = Process::spawn(&["simulator", "--listen", address, "--data-dir", path], &[])?;
    let line = process.wait_for_line(|line| line.contains("SIMULATED")).await?;
    let url = line.split_whitespace().last().context("the line names the address")?.to_owned();
    Ok((process, url))
}

#[tokio::test]
async fn a_gateway_uses_a_simulator_elsewhere_and_survives_its_restart() -> Result<()> {
    let (folders, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (mut simulator, url) = network(folders.path(), "127.0.0.1:0").await?;
    let mut server = Server::start_in(own.path(), &[&format!("--simulator={url}")], &[]).await?;
    server.phones = Phones::new(&url)?;
    let ana = server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    server.send("ana", &friend.number, "over the wire").await?;
    friend.wait_for_text("over the wire", WITHIN).await?;
    friend.send_text(&ana.number, "and back").await?;

    // The network dies and comes back at the same place: the session is lost and then online again, never asked to link.
    simulator.kill().await?;
    server.wait_state("ana", &["reconnecting"]).await?;
    let address = url.strip_prefix("http://").context("an http address")?;
    let (_simulator, _) = network(folders.path(), address).await?;
    server.wait_state("ana", &["online"]).await?;
    server.send("ana", &friend.number, "after the restart").await?;
    friend.wait_for_text("after the restart", WITHIN).await?;
    let mut stream =
        server.api.events("/v1/sessions/ana/events?types=message.received&after=0", None).await?;
    stream.find(WITHIN, "the text", |event| event.data["data"]["text"] == "and back").await?;
    let received = server.messages("ana").await?;
    ensure!(received.iter().filter(|message| message["text"] == "and back").count() == 1, "lost or doubled");
    Ok(())
}

#[tokio::test]
async fn a_simulator_that_is_not_there_is_a_sentence() -> Result<()> {
    let nobody = nobody_listens()?;
    let url = format!("http://{}", nobody.local_addr()?);
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("a plain name")?;
    let simulator = format!("--simulator={url}");
    let (status, _, errors) =
        run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", path, &simulator], &[]).await?;
    ensure!(!status.success() && errors.contains(&url) && errors.contains("enlace simulator"), "{errors}");
    Ok(())
}

#[tokio::test]
async fn two_simulators_on_one_folder_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_first, _) = network(folder.path(), "127.0.0.1:0").await?;
    let path = folder.path().to_str().context("a plain name")?;
    let (status, _, errors) = run(&["simulator", "--listen", "127.0.0.1:0", "--data-dir", path], &[]).await?;
    ensure!(!status.success() && errors.contains("in use"), "{errors}");
    Ok(())
}
