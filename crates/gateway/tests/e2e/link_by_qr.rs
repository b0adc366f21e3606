//! The main job by QR.

use crate::harness::{Server, WITHIN, check_no_gaps};
use crate::qr_reader::{read_png, read_svg};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

#[tokio::test]
async fn every_form_of_the_qr_reads_as_its_text() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let get = async |format: &str| {
        let answer =
            server.api.get(&format!("/v1/sessions/ana/qr?format={format}")).await?.expect_status(200)?;
        ensure!(answer.header("cache-control") == "no-store", "{format} may be cached");
        ensure!(answer.header("enlace-network") == "simulator", "{format} does not say that it is simulated");
        ensure!(answer.header("enlace-qr-seq") == "1", "{format} is another QR");
        ensure!(!answer.header("enlace-qr-expires-at").is_empty(), "{format} has no end");
        anyhow::Ok(answer)
    };
    let text = get("text").await?.text();
    ensure!(text.split(',').count() == 5, "the payload has five fields");
    ensure!(read_svg(&get("svg").await?.body)? == text, "the SVG");
    ensure!(read_png(&get("png").await?.body)? == text, "the PNG");

    let data = async |format: &str| {
        let body = get(format).await?.json()?;
        ensure!(
            body["format"] == format && body["session"] == "ana" && body["network"] == "simulator",
            "{body}"
        );
        body["data"].as_str().map(str::to_owned).context("there is data")
    };
    ensure!(read_png(&STANDARD.decode(data("base64").await?)?)? == text, "base64");
    let uri = data("data_uri").await?;
    let bare = uri.strip_prefix("data:image/png;base64,").context("a data URI of a PNG")?;
    ensure!(read_png(&STANDARD.decode(bare)?)? == text, "data_uri");
    ensure!(data("json").await? == text, "json");
    ensure!(data("uri").await? == format!("https://wa.me/settings/linked_devices#{text}"), "uri");
    ensure!(get("terminal").await?.text().contains('\u{2580}'), "terminal");
    Ok(())
}

#[tokio::test]
async fn scanning_brings_a_session_online_through_the_states_in_order() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?after=0", None).await?;
    let phone = server.phones.buy("Ana", Some("999100000001")).await?;
    let qr = server.qr("ana").await?;
    phone.scan(qr["qr"].as_str().context("a payload")?).await?;

    let mut heard = Vec::new();
    loop {
        let event = stream.next_within(WITHIN).await?;
        let online = event.state() == Some("online");
        heard.push(event);
        if online {
            break;
        }
    }
    check_no_gaps(&heard)?;
    let mut states: Vec<&str> = heard.iter().filter_map(|event| event.state()).collect();
    states.dedup();
    ensure!(
        states == ["unlinked", "connecting", "awaiting_scan", "pairing", "online"]
            || states == ["connecting", "awaiting_scan", "pairing", "online"],
        "the states came as {states:?}"
    );
    let steps: Vec<&str> =
        heard.iter().filter_map(|event| event.data["data"]["state"]["step"].as_str()).collect();
    let order = ["accepted", "restarting", "connecting", "syncing"];
    let places: Vec<_> = steps.iter().map(|step| order.iter().position(|known| known == step)).collect();
    ensure!(places.is_sorted() && places.iter().all(Option::is_some), "the steps came as {steps:?}");
    ensure!(steps.contains(&"accepted") && steps.contains(&"restarting"), "the steps came as {steps:?}");

    let session = server.session("ana").await?;
    ensure!(session["phone"].as_str().is_some_and(|number| number.contains("999100000001")), "{session}");
    ensure!(session["network"] == "simulator" && session["desired"] == "running", "{session}");
    ensure!(phone.devices().await?.len() == 1, "the phone lists one linked device");
    Ok(())
}

#[tokio::test]
async fn a_qr_is_used_once_and_a_linked_session_keeps_its_link() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let (ana, eve) = (server.phones.buy("Ana", None).await?, server.phones.buy("Eve", None).await?);
    let qr = server.qr("ana").await?["qr"].as_str().context("a payload")?.to_owned();
    ana.scan(&qr).await?;
    server.wait_state("ana", &["online"]).await?;
    let refused = eve.try_scan(&qr).await?;
    ensure!(refused.status.is_client_error(), "a used QR was scanned again: {}", refused.text());

    for path in ["/v1/sessions/ana/qr", "/v1/sessions/ana/qr?format=png&wait=5"] {
        crate::harness::problem(server.api.get(path).await?, 409, "already-linked")?;
    }
    let link = serde_json::json!({ "method": "qr" });
    crate::harness::problem(server.api.post("/v1/sessions/ana/link", &link).await?, 409, "already-linked")?;
    ensure!(server.session("ana").await?["state"]["name"] == "online", "the link was touched");
    ensure!(ana.devices().await?.len() == 1, "the link was touched");
    Ok(())
}

#[tokio::test]
async fn two_links_of_one_session_at_once_are_one_link() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let ask = serde_json::json!({ "method": "qr" });
    let ask = || server.api.post("/v1/sessions/ana/link", &ask);
    let (one, other, looked) = tokio::join!(ask(), ask(), server.qr("ana"));
    let payload = |answer: enlace_gateway::client::Answer| {
        let body = answer.json()?;
        body["qr"]["qr"].as_str().map(str::to_owned).with_context(|| format!("no QR in {body}"))
    };
    let (one, other) = (payload(one?)?, payload(other?)?);
    ensure!(one == other && looked?["qr"] == one, "two flows");
    let phone = server.phones.buy("Ana", None).await?;
    phone.scan(&one).await?;
    server.wait_state("ana", &["online"]).await?;
    ensure!(
        server.all_events().await?.iter().filter(|event| event.state() == Some("connecting")).count() >= 1,
        "no events"
    );
    Ok(())
}

#[tokio::test]
async fn a_phone_that_unlinks_leaves_the_record_and_the_session_links_again() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let device = phone.devices().await?[0]["id"].as_u64().context("a device has a number")?;
    phone.unlink(device).await?;
    server.wait_state("ana", &["logged_out"]).await?;
    let qr = server.qr("ana").await?;
    phone.scan(qr["qr"].as_str().context("a payload")?).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_link_has_as_many_rounds_as_its_session_or_else_the_gateway_says() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let quick =
        [("ENLACE_LINK_MAX_ROUNDS", "2"), ("ENLACE_SIMULATOR_REFS", "1"), ("ENLACE_SIMULATOR_SPEED", "100")];
    let mut server = Server::start_in(folder.path(), &["--simulator"], &quick).await?;
    for (id, settings, rounds) in [("plain", json!({}), 2), ("own", json!({ "link_max_rounds": 1 }), 1)] {
        let create = json!({ "id": id, "settings": settings });
        server.api.post("/v1/sessions", &create).await?.expect_status(201)?;
        // Who reads the QRs keeps them rotating.
        let path = format!("/v1/sessions/{id}/events?types=session.qr,session.state");
        let mut stream = server.api.events(&path, None).await?;
        server.qr(id).await?;
        let mut shown = Vec::new();
        let ended = loop {
            let event = stream.next_within(WITHIN).await?;
            shown.extend(event.data["data"]["round"].as_u64());
            if event.state() == Some("link_expired") {
                break event;
            }
        };
        ensure!(ended.data["data"]["state"]["reason"] == "round-over", "{}", ended.data);
        ensure!(shown == (1..=rounds).collect::<Vec<u64>>(), "`{id}` showed QRs of the rounds {shown:?}");
    }
    server.stop().await
}
