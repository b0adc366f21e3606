//! Many numbers linked while the network misbehaves: every one of them has to end online, or in a state that rests and
//! says why. The simulated network is in a process of its own and is reached by WebSocket, so that what is cut is a real
//! socket; its waits are divided by ten.

mod caller;
mod plan;
mod tally;
mod wire;

use crate::figure::Figure;
use crate::process::Process;
use crate::say;
use anyhow::{Context, Result};
use caller::Caller;
use enlace_gateway::client::{Api, Phones};
use futures::{StreamExt, stream};
use plan::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tally::{Outcome, Tally};
use tokio::time::timeout;

/// A link that has not ended by then hangs. The longest wait that is meant is that of a login for its connection, 240 s.
const HANGS: Duration = Duration::from_mins(5);
/// Divides the network's waits: QRs live for 6 and 2 seconds.
const SPEED: &str = "10";

/// How many, and which.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// Links of each method.
    pub(crate) links: usize,
    /// Links under way at the same time.
    pub(crate) at_once: usize,
    /// Draws the troubles.
    pub(crate) seed: u64,
}

/// Links by QR, then by code, on one gateway.
pub(crate) async fn measure(binary: &Path, wanted: Wanted) -> Result<Vec<Figure>> {
    let (network_folder, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network_path = network_folder.path().to_string_lossy().into_owned();
    let speed = [("ENLACE_SIMULATOR_SPEED", SPEED)];
    let network = Process::start_with(binary, &["simulator", "--data-dir", &network_path], &speed).await?;
    let simulator = format!("--simulator={}", network.url);
    let path = folder.path().to_string_lossy().into_owned();
    let gateway = Process::start_with(binary, &["serve", &simulator, "--data-dir", &path], &speed).await?;
    let (api, phones) = (gateway.api()?, network.phones()?);
    let mut figures = Vec::new();
    for method in [Method::Qr, Method::Code] {
        let tally = link_all(&api, &phones, method, wanted).await?;
        tally.tell();
        figures.extend(tally.figures());
    }
    let summary = api.get("/v1/sessions/summary").await?.expect_status(200)?.json()?;
    say(&format!("  all sessions afterwards: {}", summary["states"]));
    gateway.stop().await?;
    network.stop().await?;
    Ok(figures)
}

async fn link_all(api: &Api, phones: &Phones, method: Method, wanted: Wanted) -> Result<Tally> {
    let Wanted { links, at_once, seed } = wanted;
    let began = Instant::now();
    let every = (links / 4).max(1);
    let mut outcomes = Vec::with_capacity(links);
    let mut linking = stream::iter(0..links)
        .map(|number| link(api, phones, method, seed, number))
        .buffer_unordered(at_once.max(1));
    while let Some(outcome) = linking.next().await {
        outcomes.push(outcome);
        if outcomes.len().is_multiple_of(every) {
            say(&format!("  {} of {links} by {} …", outcomes.len(), method.as_str()));
        }
    }
    let took = began.elapsed();
    let left = left(phones).await?;
    phones.api().delete("/faults").await?.expect_status(204)?;
    Ok(Tally { method, outcomes, left, at_once, took })
}

/// One link from its request to its end. What goes wrong with it is its outcome and not the end of the run.
async fn link(api: &Api, phones: &Phones, method: Method, seed: u64, number: usize) -> Outcome {
    let id = format!("{}-{number}", method.as_str());
    let trouble = plan::draw(seed, method, number);
    let linked = timeout(HANGS, async { Caller::new(api, phones, &id, method, trouble).await?.link().await });
    let story = match linked.await {
        Ok(Ok(story)) => Ok(story),
        Ok(Err(error)) => Err(format!("{error:#}")),
        Err(_) => Err(format!("not ended; its state is {}", state(api, &id).await)),
    };
    Outcome { id, trouble, story }
}

async fn state(api: &Api, id: &str) -> Value {
    let session = match api.get(&format!("/v1/sessions/{id}")).await {
        Ok(answer) => answer.json(),
        Err(error) => return Value::String(format!("{error:#}")),
    };
    session.map(|session| session["state"].clone()).unwrap_or_default()
}

/// How often orders have still to strike, by their number.
async fn left(phones: &Phones) -> Result<HashMap<u64, u64>> {
    let faults = phones.api().get("/faults").await?.expect_status(200)?.json()?;
    let faults = faults.as_array().context("the faults are no list")?;
    Ok(faults.iter().filter_map(|fault| Some((fault["id"].as_u64()?, fault["count"].as_u64()?))).collect())
}
