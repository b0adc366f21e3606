//! Many linked sessions at rest: memory, and how long they take to come back after a restart.

use crate::figure::Figure;
use crate::peer;
use crate::process::{Process, time_to_ready};
use crate::say;
use crate::storm;
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{Api, Phones};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// Links under way at the same time.
const AT_ONCE: usize = 8;
const ALL_WITHIN: Duration = Duration::from_mins(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long sessions rest before memory is read: keep-alives and flushes are over then.
const REST: Duration = Duration::from_secs(5);

/// Budgets of `n` sessions: memory each (given at the largest number), whole process at 100.
const EACH_OVER_WEBSOCKET_MB: f64 = 0.7;
const EACH_IN_PROCESS_MB: f64 = 0.45;
const WHOLE_AT_100_MB: f64 = 70.0;
const RESUME_SECONDS: f64 = 10.0;
const ON_ONE_CORE: usize = 50;
const WHOLE_ON_ONE_CORE_MB: f64 = 64.0;

/// The gateway alone; the simulator has a process of its own. Answers also with the simulator's memory per session.
pub(crate) async fn over_websocket(binary: &Path, sizes: &[usize]) -> Result<(Vec<Figure>, Vec<f64>)> {
    let (network_folder, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network =
        Process::start(binary, &["simulator", "--data-dir", &network_folder.path().to_string_lossy()])
            .await?;
    let simulator = format!("--simulator={}", network.url);
    let path = folder.path().to_string_lossy().into_owned();
    let arguments = ["serve", simulator.as_str(), "--data-dir", path.as_str()];
    let mut gateway = Process::start(binary, &arguments).await?;
    let (empty, network_empty) = (gateway.memory()?, network.memory()?);
    let (mut figures, mut network_each, mut linked) = (Vec::new(), Vec::new(), 0);
    for &size in sizes {
        link_up_to(&gateway.api()?, &network.phones()?, linked, size).await?;
        linked = size;
        network_each.push(each(network.memory()? - network_empty, size));
        // At rest is after a restart: linking leaves memory behind that an idle session does not need.
        gateway.stop().await?;
        let (again, ready, resumed) = resume(binary, &arguments, size).await?;
        gateway = again;
        tokio::time::sleep(REST).await;
        let memory = gateway.memory()?;
        say(&format!(
            "  {size} sessions: {memory:.1} MB, ready in {ready:.0} ms, all online in {resumed:.2} s"
        ));
        if size == 100 {
            let what = "whole process at 100 linked sessions";
            figures.push(Figure::at_most(what, memory, WHOLE_AT_100_MB, "MB").beside(peer::AT_100));
        }
        let what = format!("memory per idle linked session at {size}, WebSocket");
        let measured = each(memory - empty, size);
        figures.push(
            budgeted(what, measured, EACH_OVER_WEBSOCKET_MB, size, sizes)
                .because("gateway alone, after a restart"),
        );
        figures.push(Figure::at_most(format!("start → /readyz at {size} sessions"), ready, 500.0, "ms"));
        figures.push(budgeted_seconds(size, resumed, sizes));
        figures.push(listed(&gateway.api()?, size).await?);
    }
    say(&format!("  {linked} sessions: every connection cut at once …"));
    figures.extend(storm::measure(&gateway.api()?, &network.phones()?, linked).await?);
    gateway.stop().await?;
    network.stop().await?;
    Ok((figures, network_each))
}

/// A small machine: one core, and the gateway alone on it.
pub(crate) async fn on_one_core(binary: &Path) -> Result<Vec<Figure>> {
    let (network_folder, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network =
        Process::start(binary, &["simulator", "--data-dir", &network_folder.path().to_string_lossy()])
            .await?;
    let simulator = format!("--simulator={}", network.url);
    let path = folder.path().to_string_lossy().into_owned();
    let arguments = ["serve", simulator.as_str(), "--data-dir", path.as_str()];
    let gateway = Process::start_on_one_core(binary, &arguments).await?;
    link_up_to(&gateway.api()?, &network.phones()?, 0, ON_ONE_CORE).await?;
    tokio::time::sleep(REST).await;
    let memory = gateway.memory()?;
    gateway.stop().await?;
    network.stop().await?;
    let what = format!("{ON_ONE_CORE} linked sessions on one core, all in all");
    Ok(vec![
        Figure::at_most(what, memory, WHOLE_ON_ONE_CORE_MB, "MB")
            .beside(peer::ON_ONE_CORE)
            .because("right after linking"),
    ])
}

/// How long it takes to read the list of all sessions, page by page.
async fn listed(api: &Api, size: usize) -> Result<Figure> {
    let began = Instant::now();
    let (mut seen, mut token) = (0, String::new());
    loop {
        let page = api.get(&format!("/v1/sessions?page_size=200&page_token={token}")).await?;
        let page = page.expect_status(200)?.json()?;
        seen += page["items"].as_array().map_or(0, Vec::len);
        match page["next_page_token"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    ensure!(seen == size, "{seen} of {size} sessions are listed");
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    Ok(Figure::told(format!("{size} sessions listed, all pages"), took, "ms").because("200 a page"))
}

/// Gateway and simulator in one process; the simulator's share, as measured in its own process, is taken off.
pub(crate) async fn in_process(binary: &Path, sizes: &[usize], network_each: &[f64]) -> Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_string_lossy().into_owned();
    let arguments = ["serve", "--simulator", "--data-dir", path.as_str()];
    let mut gateway = Process::start(binary, &arguments).await?;
    let empty = gateway.memory()?;
    let (mut figures, mut linked) = (Vec::new(), 0);
    for (&size, network) in sizes.iter().zip(network_each) {
        link_up_to(&gateway.api()?, &gateway.phones()?, linked, size).await?;
        linked = size;
        gateway.stop().await?;
        let (again, _, resumed) = resume(binary, &arguments, size).await?;
        gateway = again;
        tokio::time::sleep(REST).await;
        let both = each(gateway.memory()? - empty, size);
        say(&format!("  {size} sessions: {both:.2} MB each with both sides, all online in {resumed:.2} s"));
        let what = format!("memory per idle linked session at {size}, in-process pipe");
        let note = format!(
            "{both:.2} MB with both sides, less {network:.2} MB that the simulator takes in its own process"
        );
        figures.push(budgeted(what, both - network, EACH_IN_PROCESS_MB, size, sizes).because(note));
    }
    gateway.stop().await?;
    Ok(figures)
}

/// The budget is for the largest number; the smaller one is told beside it.
fn budgeted(what: String, measured: f64, budget: f64, size: usize, sizes: &[usize]) -> Figure {
    if Some(&size) == sizes.iter().max() {
        Figure::at_most(what, measured, budget, "MB").beside(peer::EACH)
    } else {
        Figure::told(what, measured, "MB")
    }
}

fn budgeted_seconds(size: usize, resumed: f64, sizes: &[usize]) -> Figure {
    let what = format!("{size} linked sessions resumed");
    if Some(&size) == sizes.iter().max() {
        Figure::at_most(what, resumed, RESUME_SECONDS, "s")
            .beside(peer::RESUMED)
            .because("from the start of the process")
    } else {
        Figure::told(what, resumed, "s")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand sessions")]
fn each(memory: f64, sessions: usize) -> f64 {
    memory / sessions as f64
}

async fn link_up_to(api: &Api, phones: &Phones, from: usize, to: usize) -> Result<()> {
    let link = async |number: usize| {
        let id = format!("fleet-{number}");
        api.post("/v1/sessions", &json!({ "id": id })).await?.expect_status(201)?;
        let phone = phones.buy(&id, None).await?;
        let qr = api.get(&format!("/v1/sessions/{id}/qr?format=json")).await?.expect_status(200)?.json()?;
        phone.scan(qr["qr"].as_str().context("a QR has a payload")?).await?;
        anyhow::Ok(())
    };
    stream::iter(from..to).map(link).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    all_online(api, to).await
}

pub(crate) async fn all_online(api: &Api, sessions: usize) -> Result<()> {
    let deadline = Instant::now() + ALL_WITHIN;
    loop {
        let summary = api.get("/v1/sessions/summary").await?.expect_status(200)?.json()?;
        if summary["states"]["online"] == json!(sessions) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not all sessions came online: {summary}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Starts again: the process, milliseconds to ready, and seconds until every session is online.
async fn resume(binary: &Path, arguments: &[&str], sessions: usize) -> Result<(Process, f64, f64)> {
    let began = Instant::now();
    let (gateway, ready) = time_to_ready(binary, arguments).await?;
    all_online(&gateway.api()?, sessions).await?;
    Ok((gateway, ready, began.elapsed().as_secs_f64()))
}
