//! Linking a number of which WhatsApp asks a passkey.

use crate::harness::{Server, WITHIN, problem};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::ServerEvent;
use serde_json::json;

#[tokio::test]
async fn pain_04_a_number_with_a_passkey_is_linked_over_the_api() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let phone = server.phones.buy("Ana", None).await?;
    let network = server.phones.api();
    let demand = json!({ "kind": "demand-passkey", "phone": phone.number });
    network.post("/faults", &demand).await?.expect_status(201)?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=session.passkey&after=0", None).await?;
    let qr = server.qr("ana").await?["qr"].as_str().context("a payload")?.to_owned();
    problem(server.api.get("/v1/sessions/ana/passkey").await?, 409, "no-passkey-asked")?;
    let hand = phone.clone();
    let scan = tokio::spawn(async move { hand.scan(&qr).await });

    let asks = |event: &ServerEvent| event.data["data"]["status"] == "requested";
    stream.find(WITHIN, "the request", asks).await?;
    ensure!(server.session("ana").await?["state"]["name"] == "awaiting_passkey");
    let asked = server.api.get("/v1/sessions/ana/passkey").await?.expect_status(200)?.json()?;
    ensure!(asked["options"]["rpId"] == "web.whatsapp.com", "{asked}");
    // The phone plays the browser too: it signs as one at WhatsApp's own site would.
    let use_it = json!({ "options": asked["options"] });
    let path = format!("/phones/{}", phone.number);
    let signed = network.post(&format!("{path}/passkey"), &use_it).await?.expect_status(200)?.json()?;
    let mut forged = signed.clone();
    forged["response"]["signature"] = "AAAA".into();
    problem(server.api.post("/v1/sessions/ana/passkey", &forged).await?, 422, "passkey-refused")?;
    server.api.post("/v1/sessions/ana/passkey", &signed).await?.expect_status(202)?;

    let confirms = |event: &ServerEvent| event.data["data"]["status"] == "confirm";
    let told = stream.find(WITHIN, "the code", confirms).await?;
    let here = server.api.get("/v1/sessions/ana/passkey").await?.expect_status(200)?.json()?;
    let code = here["code"].as_str().context("a code")?;
    let shown = async {
        loop {
            let phone = network.get(&path).await?.expect_status(200)?.json()?;
            // The phone needs a moment longer to work its half out.
            if let Some(shown) = phone["passkey_prompts"][0]["code"].as_str() {
                return anyhow::Ok(shown.to_owned());
            }
        }
    };
    ensure!(tokio::time::timeout(WITHIN, shown).await?? == code, "the phone shows another code than {code}");
    ensure!(!told.data.to_string().contains(code), "the code stands in an event");
    server.api.post_empty("/v1/sessions/ana/passkey/confirm").await?.expect_status(202)?;
    scan.await??;
    server.wait_state("ana", &["online"]).await?;
    ensure!(phone.devices().await?.len() == 1, "the phone lists one linked device");
    Ok(())
}
