//! The main job by pairing code.

use crate::harness::{Server, problem};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

async fn ask_for_code(server: &Server, phone: &str) -> Result<Value> {
    let body = json!({ "method": "code", "phone": phone });
    let answer = server.api.post("/v1/sessions/bruno/link", &body).await?;
    ensure!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
    answer.json()
}

#[tokio::test]
async fn a_typed_code_brings_a_session_online() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let phone = server.phones.buy("Bruno", Some("999200000001")).await?;
    let answer = ask_for_code(&server, "+999 (200) 000-001").await?;
    ensure!(answer["method"] == "code", "{answer}");
    let code = answer["code"]["code"].as_str().context("a code")?;
    let display = answer["code"]["display"].as_str().context("a display form")?;
    ensure!(display == format!("{}-{}", &code[..4], &code[4..]), "the display form is {display}");
    server.wait_state("bruno", &["awaiting_code"]).await?;

    let wrong = if code.starts_with('A') { "BBBBBBBB" } else { "AAAAAAAA" };
    let refused = phone.try_type_code(wrong).await?;
    ensure!(refused.status.is_client_error(), "a wrong code was taken: {}", refused.text());
    Ok(())
}

#[tokio::test]
async fn the_right_code_links() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let phone = server.phones.buy("Bruno", Some("999200000001")).await?;
    let answer = ask_for_code(&server, "+999 200-000-001").await?;
    phone.type_code(answer["code"]["code"].as_str().context("a code")?).await?;
    let session = server.wait_state("bruno", &["online"]).await?;
    ensure!(session["phone"].as_str().is_some_and(|number| number.contains("999200000001")), "{session}");
    let codes = server.all_events().await?;
    let issued = codes
        .iter()
        .find(|event| event.kind() == "session.pairing_code")
        .context("an event tells of the code")?;
    ensure!(issued.data["data"]["expires_at"].is_string(), "{}", issued.data);
    Ok(())
}

#[tokio::test]
async fn a_second_code_while_one_lives_is_the_same_code() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    server.phones.buy("Bruno", Some("999200000001")).await?;
    let first = ask_for_code(&server, "999200000001").await?;
    let second = ask_for_code(&server, "+999 200 000 001").await?;
    ensure!(first["code"]["code"] == second["code"]["code"], "another code");
    ensure!(first["code"]["expires_at"] == second["code"]["expires_at"], "another end");
    Ok(())
}

#[tokio::test]
async fn another_phone_replaces_the_code() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    let first_phone = server.phones.buy("Bruno", Some("999200000001")).await?;
    let second_phone = server.phones.buy("Bia", Some("999200000002")).await?;
    let first = ask_for_code(&server, "999200000001").await?;
    let second = ask_for_code(&server, "999200000002").await?;
    let code = |answer: &Value| answer["code"]["code"].as_str().map(str::to_owned).context("a code");
    ensure!(code(&first)? != code(&second)?, "the same code for another phone");
    ensure!(
        first_phone.try_type_code(&code(&first)?).await?.status.is_client_error(),
        "the first code still works"
    );
    second_phone.type_code(&code(&second)?).await?;
    server.wait_state("bruno", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn absurd_phone_numbers_name_the_field() -> Result<()> {
    let server = Server::start().await?;
    server.create("bruno").await?;
    for phone in ["12", "hello", "0123456789", "12345678901234567", "+1 (2"] {
        let body = json!({ "method": "code", "phone": phone });
        let refused =
            problem(server.api.post("/v1/sessions/bruno/link", &body).await?, 422, "invalid-field")?;
        ensure!(refused.to_string().contains("phone"), "{refused}");
    }
    for body in [json!({ "method": "code" }), json!({ "method": "code", "phone": "" })] {
        problem(server.api.post("/v1/sessions/bruno/link", &body).await?, 422, "phone-required")?;
    }
    ensure!(server.session("bruno").await?["state"]["name"] == "unlinked", "a refused ask began a link");
    Ok(())
}
