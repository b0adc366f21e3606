//! The times of linking: request → first QR, and scan → online, one session after the other.

use crate::figure::{Figure, percentile};
use crate::process::{Process, time_to_ready};
use anyhow::{Context, Result};
use enlace_gateway::client::ServerEvent;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(30);
/// The network's own wait in a link: the pause before the obligatory restart.
const NETWORK_WAITS_MS: f64 = 120.0;

/// The simulated network is in a process of its own, so that its work is not counted as the gateway's by sharing threads.
pub(crate) async fn measure(binary: &Path, samples: usize) -> Result<Vec<Figure>> {
    let (network_folder, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let path = |folder: &tempfile::TempDir| folder.path().to_string_lossy().into_owned();
    let network = Process::start(binary, &["simulator", "--data-dir", &path(&network_folder)]).await?;
    let simulator = format!("--simulator={}", network.url);
    let (gateway, ready) =
        time_to_ready(binary, &["serve", &simulator, "--data-dir", &path(&folder)]).await?;
    let (api, phones) = (gateway.api()?, network.phones()?);
    let (mut first_qr, mut online) = (Vec::new(), Vec::new());
    for number in 0..samples.max(1) {
        let id = format!("bench-{number}");
        api.post("/v1/sessions", &json!({ "id": id })).await?.expect_status(201)?;
        let phone = phones.buy(&id, None).await?;
        let began = Instant::now();
        let qr = api.get(&format!("/v1/sessions/{id}/qr?format=json")).await?.expect_status(200)?;
        first_qr.push(milliseconds(began));
        let qr = qr.json()?;
        let mut stream = api.events(&format!("/v1/sessions/{id}/events?types=session.state"), None).await?;
        let began = Instant::now();
        phone.scan(qr["qr"].as_str().context("a QR has a payload")?).await?;
        stream.find(WITHIN, "online", |event: &ServerEvent| event.state() == Some("online")).await?;
        online.push(milliseconds(began) - NETWORK_WAITS_MS);
    }
    gateway.stop().await?;
    network.stop().await?;
    let links = format!("of {samples} links over WebSocket, the network's own work included");
    Ok(vec![
        Figure::at_most("start → /readyz, empty", ready, 500.0, "ms"),
        Figure::at_most("request → first QR, p50", percentile(&mut first_qr, 0.5), 10.0, "ms")
            .because(&*links),
        Figure::at_most("request → first QR, p99", percentile(&mut first_qr, 0.99), 25.0, "ms")
            .because(&*links),
        Figure::at_most("scan → online, p50", percentile(&mut online, 0.5), 100.0, "ms")
            .because(format!("{links}, without its {NETWORK_WAITS_MS} ms before the 515")),
        Figure::told("scan → online, p99", percentile(&mut online, 0.99), "ms"),
    ])
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
