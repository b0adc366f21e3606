//! What hurts people after a number is linked, and must not happen here. The numbers are those of the project's list of
//! pains.

use crate::harness::{Server, WITHIN, check_no_gaps, problem};
use anyhow::{Context, Result, ensure};
use enlace_domain::session::SessionState;
use enlace_gateway::client::Phone;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The only linked device of a phone.
async fn device(phone: &Phone) -> Result<u64> {
    phone.devices().await?[0]["id"].as_u64().context("a device has a number")
}

async fn connections(server: &Server) -> Result<usize> {
    let list = server.phones.api().get("/connections").await?.expect_status(200)?.json()?;
    list.as_array().map(Vec::len).context("a list of connections")
}

#[tokio::test]
async fn pain_02_a_refused_version_is_said_and_the_link_is_kept() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    server.trouble(json!({ "kind": "failure", "phone": phone.number, "code": 405 })).await?;
    server.trouble(json!({ "kind": "cut", "phone": phone.number })).await?;
    let session = server.wait_state("ana", &["restricted"]).await?;
    ensure!(session["state"]["reason"] == "version-refused", "{session}");
    server.api.post_empty("/v1/sessions/ana/start").await?.expect_status(202)?;
    server.wait_state("ana", &["online"]).await?;
    ensure!(phone.devices().await?.len() == 1, "linked anew");
    Ok(())
}

#[tokio::test]
async fn pain_09_a_replaced_session_never_fights() -> Result<()> {
    let mut server = Server::start().await?;
    let phone = server.link("ana").await?;
    server.trouble(json!({ "kind": "stream-error", "phone": phone.number, "code": 409 })).await?;
    let session = server.wait_state("ana", &["replaced"]).await?;
    ensure!(session["state"]["reason"] == "stream-replaced", "{session}");
    problem(server.api.get("/v1/sessions/ana/qr").await?, 409, "session-replaced")?;
    // Nor after a restart; a session that is linked meanwhile shows that the gateway dials.
    server.stop().await?;
    server.start_again(&["--simulator"]).await?;
    server.link("bruno").await?;
    ensure!(server.session("ana").await?["state"]["name"] == "replaced", "it fights");
    ensure!(connections(&server).await? == 1, "it is connected");
    server.api.post_empty("/v1/sessions/ana/start").await?.expect_status(202)?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_10_an_unlinking_by_the_phone_takes_the_keys_and_nothing_else() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=message.received", None).await?;
    friend.send_text(&phone.number, "before").await?;
    stream.next_within(WITHIN).await?;
    server.send("ana", &friend.number, "and an answer").await?;
    let patch = json!({ "name": "Front desk", "metadata": { "team": "sales" } });
    let patched = server.api.ask(reqwest::Method::PATCH, "/v1/sessions/ana", Some(&patch), &[]).await?;
    patched.expect_status(200)?;
    phone.unlink(device(&phone).await?).await?;
    let session = server.wait_state("ana", &["logged_out"]).await?;
    ensure!(session["state"]["reason"] == "device-removed", "{session}");
    let session = server.session("ana").await?;
    ensure!(session["phone"] == phone.number.as_str() && session["name"] == "Front desk", "{session}");
    ensure!(session["metadata"]["team"] == "sales", "{session}");
    ensure!(server.messages("ana").await?.len() == 2, "messages are gone");
    // Sending says what to do; one call links again.
    let body = json!({ "to": friend.number, "text": "not now" });
    problem(server.api.post("/v1/sessions/ana/messages", &body).await?, 409, "link-required")?;
    let qr = server.qr("ana").await?;
    phone.scan(qr["qr"].as_str().context("a payload")?).await?;
    server.wait_state("ana", &["online"]).await?;
    ensure!(server.messages("ana").await?.len() == 2, "messages are gone");
    Ok(())
}

#[tokio::test]
async fn pain_11_after_a_restart_linked_sessions_are_online_stopped_ones_at_rest_and_none_connecting()
-> Result<()> {
    let mut server = Server::start().await?;
    for id in ["runs", "rests"] {
        server.link(id).await?;
    }
    server.create("half").await?;
    server.qr("half").await?;
    server.api.post_empty("/v1/sessions/rests/stop").await?.expect_status(202)?;
    server.process.kill().await?;
    server.start_again(&["--simulator"]).await?;
    server.wait_state("runs", &["online"]).await?;
    let half = server.wait_state("half", &["link_expired"]).await?;
    ensure!(half["state"]["reason"] == "gateway-restarted", "{half}");
    let rests = server.session("rests").await?;
    ensure!(rests["desired"] == "stopped" && rests["state"]["name"] == "stopped", "{rests}");
    server.api.post_empty("/v1/sessions/rests/start").await?.expect_status(202)?;
    server.wait_state("rests", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_12_a_silent_connection_is_not_online_and_heals_itself() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let proof = [("ENLACE_SESSIONS_PROOF_SECONDS", "10")];
    let server = Server::start_in(folder.path(), &["--simulator"], &proof).await?;
    let (ana, bruno) = (server.link("ana").await?, server.link("bruno").await?);
    let friend = server.phones.buy("Friend", None).await?;
    let mut stream = server.api.events("/v1/events?types=session.state", None).await?;
    server.trouble(json!({ "kind": "silence", "phone": ana.number })).await?;
    // Both are written to; of one connection nothing comes through.
    let talk = async {
        let mut pace = tokio::time::interval(Duration::from_secs(1));
        loop {
            pace.tick().await;
            friend.send_text(&ana.number, "do you hear me?").await?;
            friend.send_text(&bruno.number, "you do").await?;
        }
    };
    let stalled = tokio::select! {
        stalled = stream.find(WITHIN, "stalled", |event| event.state() == Some("stalled")) => stalled?,
        failed = talk => return failed,
    };
    ensure!(stalled.session() == "ana", "a session with traffic is called stalled: {}", stalled.data);
    ensure!(stalled.data["data"]["state"]["reason"] == "no-traffic", "{}", stalled.data);
    stream.find(WITHIN, "online again", |event| event.state() == Some("online")).await?;
    let mut texts = server.api.events("/v1/sessions/ana/events?types=message.received&after=0", None).await?;
    texts.find(WITHIN, "the text", |event| event.data["data"]["text"] == "do you hear me?").await?;
    Ok(())
}

#[tokio::test]
async fn pain_15_people_have_both_their_addresses_where_both_are_known() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=message.received", None).await?;
    friend.send_text(&phone.number, "who am I?").await?;
    let message = stream.next_within(WITHIN).await?.data["data"].clone();
    let all = message.to_string();
    ensure!(all.contains(&friend.jid) && all.contains(&friend.lid), "{message}");
    let session = server.session("ana").await?;
    ensure!(session["lid"] == phone.lid.as_str(), "{session}");
    Ok(())
}

#[tokio::test]
async fn pain_17_a_ban_is_told_with_its_end_and_ends_by_itself() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    server.trouble(json!({ "kind": "failure", "phone": phone.number, "code": 402, "seconds": 12 })).await?;
    server.trouble(json!({ "kind": "cut", "phone": phone.number })).await?;
    let session = server.wait_state("ana", &["restricted"]).await?;
    ensure!(session["state"]["until"].is_string() && session["state"]["reason"].is_string(), "{session}");
    problem(server.api.get("/v1/sessions/ana/qr").await?, 409, "session-restricted")?;
    let ask = json!({ "method": "qr" });
    problem(server.api.post("/v1/sessions/ana/link", &ask).await?, 409, "session-restricted")?;
    let back = server.wait_state("ana", &["online"]).await?;
    ensure!(back["state"]["since"].as_str() >= session["state"]["until"].as_str(), "{back}");
    Ok(())
}

#[tokio::test]
async fn pain_17_a_busy_network_is_dialled_less_and_less_often() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=session.state", None).await?;
    for code in [503, 429] {
        server.trouble(json!({ "kind": "failure", "phone": phone.number, "code": code })).await?;
    }
    server.trouble(json!({ "kind": "stream-error", "phone": phone.number, "code": 503 })).await?;
    let mut waits = Vec::new();
    loop {
        let event = stream.next_within(WITHIN).await?;
        let state = &event.data["data"]["state"];
        match event.state() {
            Some("reconnecting") => {
                ensure!(state["reason"] == "server-busy", "{state}");
                let state: SessionState = serde_json::from_value(state.clone())?;
                waits.push((state.attempt, state.retry_at.context("a plan")? - state.since));
            }
            Some("online") => break,
            _ => {}
        }
    }
    let attempts: Vec<_> = waits.iter().filter_map(|(attempt, _)| *attempt).collect();
    ensure!(attempts == [1, 2, 3], "{attempts:?}");
    // Doubled each time, give or take a fifth.
    ensure!(waits[2].1 > waits[0].1 * 2, "{waits:?}");
    Ok(())
}

#[tokio::test]
async fn pain_26_nobody_is_called_home() -> Result<()> {
    // Every address outside that the gateway knows is this one, and it counts who comes.
    let outside = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = outside.local_addr()?;
    let (network, page) = (format!("ws://{address}/ws/chat"), format!("http://{address}/sw.js"));
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while outside.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let folder = tempfile::tempdir()?;
    let ways = [("ENLACE_WHATSAPP_URL", network.as_str()), ("ENLACE_WHATSAPP_VERSION_URL", &page)];
    let mut server = Server::start_in(folder.path(), &["--simulator"], &ways).await?;
    let phone = server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    server.send("ana", &friend.number, "no licence asked").await?;
    friend.wait_for_text("no licence asked", WITHIN).await?;
    ensure!(phone.devices().await?.len() == 1, "linked once");
    server.stop().await?;
    ensure!(came.load(Ordering::SeqCst) == 0, "somebody outside was called");
    Ok(())
}

#[tokio::test]
async fn pain_28_every_step_of_a_session_is_an_event_with_its_session_number_and_reason() -> Result<()> {
    let server = Server::start().await?;
    server.link("ana").await?;
    server.api.post_empty("/v1/sessions/ana/logout").await?.expect_status(202)?;
    server.api.delete("/v1/sessions/ana").await?.expect_status(204)?;
    let events = server.all_events().await?;
    check_no_gaps(&events)?;
    let kinds: Vec<_> = events.iter().map(enlace_gateway::client::ServerEvent::kind).collect();
    for kind in ["session.state", "session.qr", "session.deleted"] {
        ensure!(kinds.contains(&kind), "no {kind} among {kinds:?}");
    }
    ensure!(events.iter().all(|event| event.session() == "ana"), "an event without its session");
    let logged_out = events.iter().find(|event| event.state() == Some("logged_out")).context("a logout")?;
    let state = &logged_out.data["data"]["state"];
    ensure!(state["reason"] == "asked" && state["remote_unlink"] == "done", "{state}");
    Ok(())
}
