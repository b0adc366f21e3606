//! Trouble that the network makes while a number is linked, and after.

use crate::harness::{Server, problem};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

async fn order(server: &Server, fault: Value) -> Result<Value> {
    server.phones.api().post("/faults", &fault).await?.expect_status(201)?.json()
}

fn payload(qr: &Value) -> Result<String> {
    qr["qr"].as_str().map(str::to_owned).context("a payload")
}

#[tokio::test]
async fn pain_03_a_retired_secret_is_a_new_qr_at_once_and_the_old_one_links_nobody() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let phone = server.phones.buy("Ana", None).await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=session.qr&after=0", None).await?;
    let retired = payload(&server.qr("ana").await?)?;
    let struck = order(&server, json!({ "kind": "refresh-registration" })).await?;
    ensure!(struck["struck"] == 1, "{struck}");
    let second = |event: &enlace_gateway::client::ServerEvent| event.data["data"]["seq"] == 2;
    stream.find(crate::harness::WITHIN, "the second QR", second).await?;
    let fresh = payload(&server.qr("ana").await?)?;
    ensure!(fresh != retired && fresh.split(',').next() == retired.split(',').next(), "another reference");
    problem(phone.try_scan(&retired).await?, 502, "pairing-failed")?;
    ensure!(phone.devices().await?.is_empty(), "the retired QR linked");
    phone.scan(&fresh).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_link_that_the_phone_left_half_done_rests_with_its_reason_and_is_made_anew() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let phone = server.phones.buy("Ana", None).await?;
    order(&server, json!({ "kind": "abandon-link", "step": "accepted" })).await?;
    let qr = payload(&server.qr("ana").await?)?;
    problem(phone.try_scan(&qr).await?, 502, "pairing-failed")?;
    let session = server.wait_state("ana", &["link_expired"]).await?;
    ensure!(session["state"]["reason"] == "pairing-incomplete", "{session}");
    let link = json!({ "method": "qr" });
    let again = server.api.post("/v1/sessions/ana/link", &link).await?.expect_status(200)?.json()?;
    phone.scan(&payload(&again["qr"])?).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_network_that_shows_no_qr_or_refuses_the_version_is_told_and_never_a_200() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    order(&server, json!({ "kind": "hold-qr" })).await?;
    problem(server.api.get("/v1/sessions/ana/qr?wait=1").await?, 504, "no-qr-from-network")?;
    server.create("bea").await?;
    order(&server, json!({ "kind": "refuse-version", "version": "9.0.0" })).await?;
    problem(server.api.get("/v1/sessions/bea/qr").await?, 503, "version-refused")?;
    Ok(())
}

#[tokio::test]
async fn a_banned_number_is_restricted_until_the_networks_own_time() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    order(&server, json!({ "kind": "ban", "phone": phone.number, "seconds": 3600 })).await?;
    let session = server.wait_state("ana", &["restricted"]).await?;
    ensure!(session["state"]["reason"] == "sent-to-too-many-people", "{session}");
    ensure!(session["state"]["until"].is_string(), "{session}");
    let faults = server.phones.api().get("/faults").await?.expect_status(200)?.json()?;
    ensure!(
        faults[0]["state"] == "in-force" && faults[0]["seconds_left"].as_f64() > Some(3_000.0),
        "{faults}"
    );
    Ok(())
}
