//! The times of linking: request → first QR, and scan → online, one session after the other.

use crate::figure::{Figure, percentile};
use crate::peer;
use crate::process::{Process, time_to_ready};
use crate::relay::Relay;
use anyhow::{Context, Result};
use enlace_gateway::client::{Api, Phones, ServerEvent};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const WITHIN: Duration = Duration::from_secs(30);
/// The network's own wait in a link: the phone's pause before the obligatory restart.
const NETWORK_WAITS_MS: f64 = 120.0;
/// Links on which the network's turns are measured.
const TURNS: usize = 60;

/// Milliseconds of each link.
#[derive(Default)]
struct Samples {
    first_qr: Vec<f64>,
    /// What the network took of first QRs asked for through the relay.
    network: Vec<f64>,
    online: Vec<f64>,
}

/// The simulated network is in a process of its own, so that its work is not counted as the gateway's by sharing threads.
/// What the network takes of a first QR is measured on other links, beyond a relay that would be in the way of these.
pub(crate) async fn measure(binary: &Path, links: usize) -> Result<Vec<Figure>> {
    let network_folder = tempfile::tempdir()?;
    let path = |folder: &tempfile::TempDir| folder.path().to_string_lossy().into_owned();
    let network = Process::start(binary, &["simulator", "--data-dir", &path(&network_folder)]).await?;
    let phones = network.phones()?;
    let mut samples = Samples::default();

    let folder = tempfile::tempdir()?;
    let simulator = format!("--simulator={}", network.url);
    let (gateway, ready) =
        time_to_ready(binary, &["serve", &simulator, "--data-dir", &path(&folder)]).await?;
    let api = gateway.api()?;
    for number in 0..links.max(1) {
        link(&format!("bench-{number}"), &api, &phones, &mut samples).await?;
    }
    gateway.stop().await?;

    let relay = Relay::start(&network.url).await?;
    let folder = tempfile::tempdir()?;
    let simulator = format!("--simulator={}", relay.url);
    let (gateway, _) = time_to_ready(binary, &["serve", &simulator, "--data-dir", &path(&folder)]).await?;
    let api = gateway.api()?;
    for number in 0..TURNS.min(links.max(1)) {
        let (began, answered, _) = first_qr(&format!("turns-{number}"), &api).await?;
        samples.network.push(milliseconds(relay.network_took(began, answered).await));
    }
    gateway.stop().await?;
    network.stop().await?;
    let mut figures = vec![Figure::at_most("start → /readyz, empty", ready, 500.0, "ms").beside(peer::READY)];
    figures.extend(samples.figures());
    Ok(figures)
}

/// Asks a new session for its QR: when it was asked, when it was answered, and the payload.
async fn first_qr(id: &str, api: &Api) -> Result<(Instant, Instant, String)> {
    api.post("/v1/sessions", &json!({ "id": id })).await?.expect_status(201)?;
    let began = Instant::now();
    let qr = api.get(&format!("/v1/sessions/{id}/qr?format=json")).await?.expect_status(200)?;
    let answered = Instant::now();
    let payload = qr.json()?["qr"].as_str().context("a QR has a payload")?.to_owned();
    Ok((began, answered, payload))
}

async fn link(id: &str, api: &Api, phones: &Phones, samples: &mut Samples) -> Result<()> {
    let phone = phones.buy(id, None).await?;
    let (began, answered, payload) = first_qr(id, api).await?;
    samples.first_qr.push(milliseconds(answered - began));
    let mut stream = api.events(&format!("/v1/sessions/{id}/events?types=session.state"), None).await?;
    let began = Instant::now();
    phone.scan(&payload).await?;
    stream.find(WITHIN, "online", |event: &ServerEvent| event.state() == Some("online")).await?;
    samples.online.push(milliseconds(began.elapsed()));
    Ok(())
}

impl Samples {
    fn figures(mut self) -> Vec<Figure> {
        let links = format!("of {} links over WebSocket", self.first_qr.len());
        let turns = percentile(&mut self.network, 0.5);
        let mut net: Vec<f64> = self.first_qr.iter().map(|whole| whole - turns).collect();
        let taken_off = format!(
            "{links}, less the median of the network's turns (its WebSocket upgrade and its part of the Noise handshake); \
             what the network says after that stays in"
        );
        let timed = format!("of {} other links, timed by a relay at the network's door", self.network.len());
        let waits = format!(
            "{links}, less the simulated phone's fixed pause of {NETWORK_WAITS_MS} ms before the 515"
        );
        let mut online: Vec<f64> = self.online.iter().map(|whole| whole - NETWORK_WAITS_MS).collect();
        vec![
            Figure::told(
                "request → first QR, network included, p50",
                percentile(&mut self.first_qr, 0.5),
                "ms",
            )
            .because(&*links),
            Figure::told(
                "request → first QR, network included, p99",
                percentile(&mut self.first_qr, 0.99),
                "ms",
            )
            .because(&*links),
            Figure::told("the network's turns within it, p50", turns, "ms").because(&*timed),
            Figure::at_most(
                "request → first QR, over the network, p50",
                percentile(&mut net, 0.5),
                10.0,
                "ms",
            )
            .beside(peer::FIRST_QR)
            .because(&*taken_off),
            Figure::at_most(
                "request → first QR, over the network, p99",
                percentile(&mut net, 0.99),
                25.0,
                "ms",
            )
            .because("the same"),
            Figure::told("scan → online, network included, p50", percentile(&mut self.online, 0.5), "ms")
                .because(&*links),
            Figure::at_most(
                "scan → online, over the network's waits, p50",
                percentile(&mut online, 0.5),
                100.0,
                "ms",
            )
            .beside(peer::SCAN)
            .because(&*waits),
            Figure::told("scan → online, over the network's waits, p99", percentile(&mut online, 0.99), "ms")
                .because("the same"),
        ]
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
