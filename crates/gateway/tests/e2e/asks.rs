//! Bad input, and what it gets.

use crate::harness::{KEY, Server, problem};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn keys_and_sessions_that_are_not_there() -> Result<()> {
    let server = Server::start().await?;
    let (nobody, stranger) = (server.api.with_key(None), server.api.with_key(Some(&KEY.replace('e', "f"))));
    for path in [
        "/v1/sessions",
        "/v1/sessions/ana",
        "/v1/sessions/ana/qr",
        "/v1/sessions/ana/messages",
        "/v1/version",
    ] {
        problem(nobody.get(path).await?, 401, "key-missing")?;
        problem(stranger.get(path).await?, 401, "key-invalid")?;
    }
    for path in ["/v1/sessions/nobody", "/v1/sessions/nobody/qr", "/v1/sessions/nobody/messages"] {
        problem(server.api.get(path).await?, 404, "session-not-found")?;
    }
    for action in ["start", "stop", "restart", "logout"] {
        let path = format!("/v1/sessions/nobody/{action}");
        problem(server.api.post_empty(&path).await?, 404, "session-not-found")?;
    }
    problem(server.api.delete("/v1/sessions/nobody").await?, 404, "session-not-found")?;
    problem(server.api.get("/v1/nonsense").await?, 404, "route-not-found")?;
    Ok(())
}

#[tokio::test]
async fn the_key_is_taken_in_each_of_its_places() -> Result<()> {
    let server = Server::start().await?;
    let nobody = server.api.with_key(None);
    let basic = format!("Basic {}", base64_of(&format!("anyone:{KEY}")));
    for (name, value) in
        [("authorization", format!("Bearer {KEY}")), ("x-api-key", KEY.to_owned()), ("authorization", basic)]
    {
        let answer = nobody.ask(Method::GET, "/v1/version", None, &[(name, &value)]).await?;
        ensure!(answer.status == 200, "{name} is not taken: {}", answer.text());
    }
    Ok(())
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn bodies_that_are_no_request() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let post = async |kind: &str, body: String| {
        let request = client.post(format!("{}/v1/sessions", server.api.base())).bearer_auth(KEY);
        let answer = request.header("content-type", kind).body(body).send().await?;
        anyhow::Ok((answer.status().as_u16(), answer.json::<serde_json::Value>().await?))
    };
    let (status, body) = post("application/json", "{ this is no JSON".to_owned()).await?;
    ensure!(status == 400 && body["code"].is_string(), "{status} {body}");
    let (status, body) = post("application/json", r#"{"id": 7}"#.to_owned()).await?;
    ensure!(status == 422 && body.to_string().contains("id"), "{status} {body}");
    let (status, body) =
        post("application/json", format!(r#"{{"name": "{}"}}"#, "x".repeat(3 << 20))).await?;
    ensure!(status == 413 && body["code"].is_string(), "{status} {body}");
    problem(server.api.post("/v1/sessions", &json!({ "id": "ana" })).await?, 409, "session-exists")?;
    for id in ["../etc", "a b", "-a", &"x".repeat(65)] {
        let refused = server.api.post("/v1/sessions", &json!({ "id": id })).await?;
        ensure!(refused.status == 422, "the id {id:?} got {}", refused.status);
    }
    Ok(())
}

#[tokio::test]
async fn formats_and_waits_beyond_their_range() -> Result<()> {
    let server = Server::start().await?;
    server.create("ana").await?;
    let refused = problem(server.api.get("/v1/sessions/ana/qr?format=gif").await?, 406, "unknown-format")?;
    for format in ["svg", "png", "json", "base64", "data_uri", "uri", "text", "terminal"] {
        ensure!(refused.to_string().contains(format), "{format} is not listed: {refused}");
    }
    for wait in ["61", "-1", "soon"] {
        let refused = problem(
            server.api.get(&format!("/v1/sessions/ana/qr?wait={wait}")).await?,
            422,
            "invalid-field",
        )?;
        ensure!(refused.to_string().contains("wait"), "{refused}");
    }
    ensure!(server.session("ana").await?["state"]["name"] == "unlinked", "a refused ask began a link");
    let accepted =
        server.api.ask(Method::GET, "/v1/sessions/ana/qr", None, &[("accept", "image/webp")]).await?;
    ensure!(
        accepted.header("content-type").starts_with("image/svg+xml"),
        "an Accept that can't be met gets SVG"
    );
    let accepted =
        server.api.ask(Method::GET, "/v1/sessions/ana/qr", None, &[("accept", "image/png")]).await?;
    ensure!(accepted.header("content-type").starts_with("image/png"), "the Accept rule");
    Ok(())
}

#[tokio::test]
async fn every_life_cycle_call_works_on_a_linked_session() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let post = async |action: &str| {
        server.api.post_empty(&format!("/v1/sessions/ana/{action}")).await?.expect_status(202)
    };
    post("stop").await?;
    server.wait_state("ana", &["stopped"]).await?;
    problem(server.api.get("/v1/sessions/ana/qr").await?, 409, "session-stopped")?;
    post("start").await?;
    server.wait_state("ana", &["online"]).await?;
    post("restart").await?;
    server.wait_state("ana", &["online"]).await?;
    let logout = server.api.post_empty("/v1/sessions/ana/logout").await?;
    ensure!(logout.status.is_success(), "{}", logout.text());
    server.wait_state("ana", &["logged_out"]).await?;
    ensure!(phone.devices().await?.is_empty(), "the phone still lists the device");

    let deleted = server.api.delete("/v1/sessions/ana").await?;
    ensure!(deleted.status.is_success(), "{}", deleted.text());
    problem(server.api.get("/v1/sessions/ana").await?, 404, "session-not-found")?;
    let events = server.all_events().await?;
    ensure!(
        events.last().is_some_and(|event| event.kind() == "session.deleted"),
        "the last event of a session"
    );
    Ok(())
}

#[tokio::test]
async fn deleting_a_linked_session_unlinks_it() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.link("ana").await?;
    let deleted = server.api.delete("/v1/sessions/ana").await?;
    ensure!(deleted.status.is_success(), "{}", deleted.text());
    ensure!(phone.devices().await?.is_empty(), "the phone still lists the device");
    // The id is free again.
    server.create("ana").await?;
    Ok(())
}

#[tokio::test]
async fn the_document_and_its_page_are_served() -> Result<()> {
    let server = Server::start().await?;
    let nobody = server.api.with_key(None);
    let document = nobody.get("/v1/openapi.json").await?.expect_status(200)?.json()?;
    ensure!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "OpenAPI 3.1");
    let page = nobody.get("/docs/").await?.expect_status(200)?.text();
    ensure!(!page.contains("https://unpkg") && !page.contains("cdn."), "the page loads from elsewhere");
    nobody.get("/livez").await?.expect_status(200)?;
    nobody.get("/readyz").await?.expect_status(200)?;
    Ok(())
}
