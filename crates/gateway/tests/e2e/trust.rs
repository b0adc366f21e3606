//! Whom a session trusts.

use crate::harness::{Server, nobody_listens, problem};
use anyhow::{Result, ensure};
use serde_json::json;

#[tokio::test]
async fn a_session_of_whatsapp_dialled_at_the_simulator_ends_in_a_certificate_error() -> Result<()> {
    let network = Server::start().await?;
    let door = network.phones.info().await?["ws_url"].as_str().unwrap_or_default().to_owned();
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(folder.path(), &["--simulator"], &[("ENLACE_WHATSAPP_URL", &door)]).await?;
    let body = json!({ "id": "real", "network": "whatsapp" });
    server.api.post("/v1/sessions", &body).await?.expect_status(201)?;
    let refused = problem(server.api.get("/v1/sessions/real/qr").await?, 503, "network-unreachable")?;
    ensure!(refused.to_string().contains("certificate"), "{refused}");
    let session = server.wait_state("real", &["link_expired"]).await?;
    ensure!(session["state"]["reason"] == "certificate-refused", "{session}");
    // The same gateway's simulated sessions are not concerned.
    server.link("ana").await?;
    Ok(())
}

#[tokio::test]
async fn an_unreachable_network_is_a_state_and_a_problem_and_never_a_hang() -> Result<()> {
    let nobody = nobody_listens()?;
    let url = format!("ws://{}/ws/chat", nobody.local_addr()?);
    let folder = tempfile::tempdir()?;
    let server = Server::start_in(folder.path(), &[], &[("ENLACE_WHATSAPP_URL", &url)]).await?;
    server.create("real").await?;
    problem(server.api.get("/v1/sessions/real/qr").await?, 503, "network-unreachable")?;
    server.wait_state("real", &["link_expired"]).await?;
    let code = json!({ "method": "code", "phone": "999200000001" });
    problem(server.api.post("/v1/sessions/real/link", &code).await?, 503, "network-unreachable")?;
    // Without --simulator nobody can join the simulated network.
    let body = json!({ "id": "simulated", "network": "simulator" });
    let made = server.api.post("/v1/sessions", &body).await?;
    if made.status.is_success() {
        problem(server.api.get("/v1/sessions/simulated/qr").await?, 503, "network-unavailable")?;
    } else {
        problem(made, 503, "network-unavailable")?;
    }
    Ok(())
}
