//! What hurts people while they link a number, and must not happen here. The numbers are those of the project's list of
//! pains.

use crate::harness::{Server, WITHIN, problem};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{EventStream, ServerEvent};
use reqwest::Method;
use serde_json::{Value, json};

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("no `{field}` in {value}"))
}

async fn link(server: &Server, id: &str, ask: Value) -> Result<enlace_gateway::client::Answer> {
    server.api.post(&format!("/v1/sessions/{id}/link"), &ask).await
}

async fn of_kind(stream: &mut EventStream, kind: &str) -> Result<Value> {
    let event = stream.find(WITHIN, kind, |event| event.kind() == kind).await?;
    Ok(event.data["data"].clone())
}

/// The names of the states that a session went through.
async fn states(server: &Server, id: &str) -> Result<Vec<String>> {
    let events = server.all_events().await?;
    let of = events.iter().filter(|event| event.session() == id).filter_map(ServerEvent::state);
    Ok(of.map(str::to_owned).collect())
}

#[tokio::test]
async fn pain_01_a_qr_is_waited_for_and_a_session_is_linked_again_without_being_deleted() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let phone = server.phones.buy("Ana", None).await?;
    for round in 1..=2 {
        let qr = server.qr("ana").await?;
        ensure!(text(&qr, "qr")?.split(',').count() == 5, "round {round}: {qr}");
        phone.scan(text(&qr, "qr")?).await?;
        server.wait_state("ana", &["online"]).await?;
        problem(server.api.get("/v1/sessions/ana/qr").await?, 409, "already-linked")?;
        let device = phone.devices().await?[0]["id"].as_u64().context("a device has a number")?;
        phone.unlink(device).await?;
        server.wait_state("ana", &["logged_out"]).await?;
    }
    Ok(())
}

#[tokio::test]
async fn pain_03_the_newest_qr_is_served_everywhere_and_links() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // QRs of 12, 4, 4 … seconds.
    let server =
        Server::start_in(folder.path(), &["--simulator"], &[("ENLACE_SIMULATOR_SPEED", "5")]).await?;
    server.create("ana").await?;
    let phone = server.phones.buy("Ana", None).await?;
    let path = "/v1/sessions/ana/events?types=session.qr";
    let mut stream = server.api.events(path, None).await?;
    let first = server.qr("ana").await?;
    let mut told = of_kind(&mut stream, "session.qr").await?;
    while told["seq"].as_u64() < Some(2) {
        told = of_kind(&mut stream, "session.qr").await?;
    }
    for field in ["seq", "round", "issued_at", "expires_at"] {
        ensure!(!told[field].is_null(), "no `{field}` in {told}");
    }
    let second = server.qr("ana").await?;
    ensure!(
        second["seq"].as_u64() >= told["seq"].as_u64() && second["qr"] != first["qr"],
        "an old QR is served"
    );
    // One that was read just before its turn may be over when it is scanned.
    while !phone.try_scan(text(&server.qr("ana").await?, "qr")?).await?.status.is_success() {}
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_05_a_code_is_answered_after_the_network_took_it_and_outlives_its_connection() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let phone = server.phones.buy("Bruno", None).await?;
    let ask = json!({ "method": "code", "phone": phone.number });
    server.qr("bruno").await?;
    server.trouble(json!({ "kind": "refuse-code", "phone": phone.number })).await?;
    let refused = problem(link(&server, "bruno", ask.clone()).await?, 422, "code-refused")?;
    ensure!(refused["detail"].as_str().is_some_and(|detail| detail.contains("rate-overlimit")), "{refused}");

    let mut stream = server.api.events("/v1/sessions/bruno/events?types=session.pairing_code", None).await?;
    let first = link(&server, "bruno", ask.clone()).await?.expect_status(200)?.json()?;
    let issued = of_kind(&mut stream, "session.pairing_code").await?;
    ensure!(issued["status"] == "issued", "{issued}");
    server.trouble(json!({ "kind": "cut" })).await?;
    let renewed = of_kind(&mut stream, "session.pairing_code").await?;
    ensure!(renewed["status"] == "renewed" && renewed["code"] == first["code"]["code"], "another code");
    ensure!(text(&renewed, "expires_at")? > text(&issued, "expires_at")?, "{renewed}");
    phone.type_code(text(&first["code"], "code")?).await?;
    server.wait_state("bruno", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_05_a_number_may_be_given_in_either_of_its_two_forms() -> Result<()> {
    let server = Server::start().await?;
    // Area codes that are not given out.
    for (id, given, registered) in [
        ("brazil", "+55 23 98765-4321", "552387654321"),
        ("mexico", "+52 200 000 0001", "5212000000001"),
        ("argentina", "+54 9 200 000 0001", "542000000001"),
    ] {
        server.create(id).await?;
        let phone = server.phones.buy(id, Some(registered)).await?;
        let ask = json!({ "method": "code", "phone": given, "expect_phone": given });
        let answer = link(&server, id, ask).await?.expect_status(200)?.json()?;
        ensure!(
            answer["code"]["phone"] == registered,
            "the answer does not say which form was used: {answer}"
        );
        phone.type_code(text(&answer["code"], "code")?).await?;
        let session = server.wait_state(id, &["online"]).await?;
        ensure!(server.session(id).await?["phone"] == registered, "{session}");
    }
    Ok(())
}

#[tokio::test]
async fn pain_05_the_phone_of_an_earlier_link_may_be_left_out() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let ask = json!({ "method": "code" });
    let unknown = problem(link(&server, "bruno", ask.clone()).await?, 422, "phone-required")?;
    ensure!(unknown["field"] == "phone", "{unknown}");
    let phone = server.phones.buy("Bruno", None).await?;
    let qr = server.qr("bruno").await?;
    phone.scan(text(&qr, "qr")?).await?;
    server.wait_state("bruno", &["online"]).await?;
    server.api.post_empty("/v1/sessions/bruno/logout").await?.expect_status(202)?;
    let answer = link(&server, "bruno", ask).await?.expect_status(200)?.json()?;
    ensure!(answer["code"]["phone"] == phone.number.as_str(), "{answer}");
    phone.type_code(text(&answer["code"], "code")?).await?;
    server.wait_state("bruno", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_06_after_a_failed_attempt_the_next_one_works_on_the_same_link() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let phone = server.phones.buy("Bruno", None).await?;
    let code = link(&server, "bruno", json!({ "method": "code", "phone": phone.number })).await?;
    let code = code.expect_status(200)?.json()?;
    for wrong in ["AAAAAAAA", "BBBBBBBB"] {
        problem(phone.try_type_code(wrong).await?, 422, "code-wrong")?;
    }
    // A QR and the code stand side by side; either links.
    let qr = server.qr("bruno").await?;
    ensure!(server.session("bruno").await?["state"]["name"] == "awaiting_code", "the code is gone");
    let again = link(&server, "bruno", json!({ "method": "code", "phone": phone.number })).await?;
    ensure!(again.expect_status(200)?.json()?["code"]["code"] == code["code"]["code"], "another code");
    phone.scan(text(&qr, "qr")?).await?;
    server.wait_state("bruno", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_06_a_code_typed_wrong_five_times_dies_with_its_reason_and_the_next_one_links() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server =
        Server::start_in(folder.path(), &["--simulator"], &[("ENLACE_SIMULATOR_SPEED", "6")]).await?;
    server.create("bruno").await?;
    let phone = server.phones.buy("Bruno", None).await?;
    let mut stream = server.api.events("/v1/sessions/bruno/events", None).await?;
    let ask = json!({ "method": "code", "phone": phone.number });
    link(&server, "bruno", ask.clone()).await?.expect_status(200)?;
    // A companion takes three answers to a code and leaves every further one unanswered.
    for wrong in ["AAAAAAAA", "BBBBBBBB", "CCCCCCCC"] {
        problem(phone.try_type_code(wrong).await?, 422, "code-wrong")?;
    }
    problem(phone.try_type_code("DDDDDDDD").await?, 502, "pairing-failed")?;
    let dead = |event: &ServerEvent| event.data["data"]["status"] == "dead";
    let told = stream.find(WITHIN, "the code's end", dead).await?;
    ensure!(told.data["data"]["reason"] == "not-completed", "{}", told.data);
    problem(phone.try_type_code("EEEEEEEE").await?, 502, "pairing-failed")?;
    ensure!(phone.devices().await?.is_empty(), "a wrong code linked");
    let fresh = link(&server, "bruno", ask).await?.expect_status(200)?.json()?;
    phone.type_code(text(&fresh["code"], "code")?).await?;
    server.wait_state("bruno", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn pain_07_a_qr_that_nobody_looks_at_rests_and_one_call_brings_a_fresh_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server =
        Server::start_in(folder.path(), &["--simulator"], &[("ENLACE_LINK_WATCH_SECONDS", "2")]).await?;
    server.create("ana").await?;
    // A stream of everything, and one that asked for other types, are no look at this QR.
    let _everything = server.api.events("/v1/events", None).await?;
    let mut states = server.api.events("/v1/sessions/ana/events?types=session.state", None).await?;
    server.qr("ana").await?;
    let expired = states.find(WITHIN, "the end", |event| event.state() == Some("link_expired")).await?;
    ensure!(expired.data["data"]["state"]["reason"] == "nobody-watching", "{}", expired.data);
    server.wait_disconnected().await?;
    let fresh = link(&server, "ana", json!({ "method": "qr" })).await?.expect_status(200)?.json()?;
    ensure!(fresh["qr"]["seq"] == 2, "{fresh}");
    Ok(())
}

#[tokio::test]
async fn pain_07_a_stream_of_the_session_keeps_its_qrs_coming() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let environment = [("ENLACE_LINK_WATCH_SECONDS", "1"), ("ENLACE_SIMULATOR_SPEED", "30")];
    let server = Server::start_in(folder.path(), &["--simulator"], &environment).await?;
    for (id, types) in [("named", "?types=session.qr"), ("all", "")] {
        server.create(id).await?;
        let mut stream = server.api.events(&format!("/v1/sessions/{id}/events{types}"), None).await?;
        server.qr(id).await?;
        let mut shown = 0;
        while shown < 4 {
            shown = of_kind(&mut stream, "session.qr").await?["seq"].as_u64().context("a QR has a number")?;
        }
        server
            .api
            .ask(Method::POST, &format!("/v1/sessions/{id}/stop"), None, &[])
            .await?
            .expect_status(202)?;
    }
    Ok(())
}

#[tokio::test]
async fn pain_07_a_linked_session_never_falls_into_the_qr_states() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let before = server.newest().await?;
    let mut stream = server.api.events("/v1/sessions/ana/events?types=session.state", None).await?;
    for fault in [
        json!({ "kind": "cut", "phone": phone.number }),
        json!({ "kind": "stream-error", "phone": phone.number, "code": 503 }),
        json!({ "kind": "stream-error", "phone": phone.number, "code": 515 }),
    ] {
        server.trouble(fault).await?;
        stream.find(WITHIN, "the loss", |event| event.state().is_some_and(|name| name != "online")).await?;
        stream.find(WITHIN, "online again", |event| event.state() == Some("online")).await?;
    }
    let events = server.all_events().await?;
    let after: Vec<_> = events.iter().filter(|event| event.id > Some(before)).collect();
    ensure!(after.iter().all(|event| event.kind() != "session.qr"), "a QR was shown");
    let names: Vec<_> = after.iter().filter_map(|event| event.state()).collect();
    ensure!(names.iter().all(|name| !name.starts_with("awaiting") && *name != "link_expired"), "{names:?}");
    Ok(())
}

#[tokio::test]
async fn pain_08_the_obligatory_restart_is_a_step_and_no_failure() -> Result<()> {
    let server = Server::start().await?;
    server.link("ana").await?;
    let events = server.all_events().await?;
    let steps: Vec<_> = events.iter().filter_map(|e| e.data["data"]["state"]["step"].as_str()).collect();
    ensure!(steps == ["accepted", "restarting", "connecting", "syncing"], "{steps:?}");
    let names = states(&server, "ana").await?;
    ensure!(names.iter().all(|name| name != "reconnecting" && name != "link_expired"), "{names:?}");
    Ok(())
}

#[tokio::test]
async fn ten_forces_at_once_are_one_link_and_one_more_returns_it() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let before = server.newest().await?;
    let ask = json!({ "method": "qr", "force": true });
    let asks = (0..10).map(|_| link(&server, "ana", ask.clone()));
    let mut seen = Vec::new();
    for answer in futures::future::join_all(asks).await {
        seen.push(answer?.expect_status(200)?.json()?["qr"]["qr"].clone());
    }
    seen.push(link(&server, "ana", ask).await?.expect_status(200)?.json()?["qr"]["qr"].clone());
    seen.dedup();
    ensure!(seen.len() == 1, "more than one link was begun");
    ensure!(phone.devices().await?.is_empty(), "the old device is still linked");
    let events = server.all_events().await?;
    let after = events.iter().filter(|event| event.id > Some(before));
    let unlinked = after.filter(|event| event.state() == Some("logged_out")).count();
    ensure!(unlinked == 1, "unlinked {unlinked} times");
    phone.scan(seen[0].as_str().context("a payload")?).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_phone_that_was_not_expected_is_unlinked_and_never_shown_online() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let (wrong, right) = (server.phones.buy("Eve", None).await?, server.phones.buy("Ana", None).await?);
    let ask = json!({ "method": "qr", "expect_phone": right.number });
    let answer = link(&server, "ana", ask.clone()).await?.expect_status(200)?.json()?;
    ensure!(
        server.session("ana").await?["expect_phone"] == right.number.as_str(),
        "nobody sees who is expected"
    );
    wrong.scan(text(&answer["qr"], "qr")?).await?;
    let session = server.wait_state("ana", &["logged_out"]).await?;
    ensure!(session["state"]["reason"] == "unexpected-phone", "{session}");
    ensure!(session["state"]["remote_unlink"] == "done" && session["phone"].is_null(), "{session}");
    ensure!(wrong.devices().await?.is_empty(), "the wrong phone still lists the device");
    ensure!(!states(&server, "ana").await?.contains(&"online".to_owned()), "the wrong phone was online");

    let answer = link(&server, "ana", ask).await?.expect_status(200)?.json()?;
    right.scan(text(&answer["qr"], "qr")?).await?;
    server.wait_state("ana", &["online"]).await?;
    ensure!(server.session("ana").await?["phone"] == right.number.as_str(), "another number");
    Ok(())
}
