//! Texts both ways.

use crate::harness::{Server, WITHIN, problem};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_text_goes_each_way_once() -> Result<()> {
    let server = Server::start().await?;
    let ana = server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    let sent = server.send("ana", &friend.number, "from the API").await?;
    ensure!(sent["status"] == "sent" && sent["id"].is_string() && sent["wa_id"].is_string(), "{sent}");
    friend.wait_for_text("from the API", WITHIN).await?;

    let mut stream = server.api.events("/v1/sessions/ana/events?types=message.received", None).await?;
    friend.send_text(&ana.number, "from the phone").await?;
    let heard = stream.next_within(WITHIN).await?;
    let message = &heard.data["data"];
    ensure!(message["text"] == "from the phone" && message["from_me"] == false, "{message}");
    let id = message["id"].as_str().context("an id")?;
    let read =
        server.api.get(&format!("/v1/sessions/ana/messages/{id}")).await?.expect_status(200)?.json()?;
    ensure!(read["text"] == "from the phone", "{read}");

    server.send("ana", &friend.number, "and another").await?;
    let listed = server.messages("ana").await?;
    let texts: Vec<_> = listed.iter().filter_map(|message| message["text"].as_str()).collect();
    ensure!(texts.len() == 3 && texts.contains(&"from the phone"), "{texts:?}");
    let place = |text: &str| texts.iter().position(|listed| *listed == text);
    ensure!(place("and another") < place("from the API"), "the newest first: {texts:?}");
    let seen = friend.messages().await?;
    ensure!(
        seen.iter().filter(|message| message["text"] == "from the API").count() == 1,
        "doubled at the phone"
    );
    // Her own phone sees what her companion wrote.
    ana.wait_for_text("from the API", WITHIN).await?;
    Ok(())
}

#[tokio::test]
async fn the_same_idempotency_key_sends_once() -> Result<()> {
    let server = Server::start().await?;
    server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    let body = json!({ "to": friend.number, "text": "once" });
    let send = |body: serde_json::Value| {
        let api = server.api.clone();
        async move {
            api.ask(Method::POST, "/v1/sessions/ana/messages", Some(&body), &[("idempotency-key", "order-1")])
                .await
        }
    };
    let (first, second) = tokio::join!(send(body.clone()), send(body.clone()));
    let (first, second, third) = (first?.json()?, second?.json()?, send(body).await?.json()?);
    ensure!(first["id"] == second["id"] && second["id"] == third["id"], "{first} {second} {third}");
    friend.wait_for_text("once", WITHIN).await?;
    problem(send(json!({ "to": friend.number, "text": "twice" })).await?, 409, "idempotency-mismatch")?;
    ensure!(friend.messages().await?.len() == 1, "the phone got more than one");
    ensure!(server.messages("ana").await?.len() == 1, "the API lists more than one");
    Ok(())
}

#[tokio::test]
async fn pain_10_a_message_of_an_offline_session_is_held_and_leaves_later() -> Result<()> {
    let server = Server::start().await?;
    server.link("ana").await?;
    let friend = server.phones.buy("Friend", None).await?;
    server.api.post_empty("/v1/sessions/ana/stop").await?.expect_status(202)?;
    server.wait_state("ana", &["stopped"]).await?;
    let body = json!({ "to": friend.number, "text": "later", "wait": 0 });
    let held = server.api.post("/v1/sessions/ana/messages", &body).await?.expect_status(202)?.json()?;
    ensure!(held["status"] == "queued" && held["waiting"]["reason"].is_string(), "{held}");
    ensure!(friend.messages().await?.is_empty(), "it left already");
    let id = held["id"].as_str().context("an id")?;
    let mut sent = server.api.events("/v1/sessions/ana/events?types=message.sent", None).await?;
    server.api.post_empty("/v1/sessions/ana/start").await?.expect_status(202)?;
    friend.wait_for_text("later", WITHIN).await?;
    // The friend may have it before the network's ack is stored.
    sent.find(WITHIN, "the ack", |event| event.data["data"]["id"] == id).await?;
    let read =
        server.api.get(&format!("/v1/sessions/ana/messages/{id}")).await?.expect_status(200)?.json()?;
    ensure!(read["status"] != "queued", "{read}");
    Ok(())
}

#[tokio::test]
async fn texts_that_can_not_be_sent_are_refused() -> Result<()> {
    let server = Server::start().await?;
    server.create("new").await?;
    let body = json!({ "to": "999300000001", "text": "hello" });
    problem(server.api.post("/v1/sessions/new/messages", &body).await?, 409, "link-required")?;
    server.link("ana").await?;
    for body in
        [json!({ "to": "nonsense", "text": "x" }), json!({ "to": "999300000001" }), json!({ "text": "x" })]
    {
        let refused = server.api.post("/v1/sessions/ana/messages", &body).await?;
        ensure!(refused.status == 422, "{body} got {}: {}", refused.status, refused.text());
    }
    problem(server.api.get("/v1/sessions/ana/messages/msg_nothing").await?, 404, "message-not-found")?;
    Ok(())
}
