//! `enlace demo`.

use crate::harness::{Process, run};
use anyhow::{Result, ensure};

#[tokio::test]
async fn the_demo_tells_every_step_and_ends_with_0() -> Result<()> {
    let (status, story, errors) = run(&["demo", "--exit"], &[]).await?;
    ensure!(status.success(), "{status}: {story}\n{errors}");
    for number in 1..=8 {
        ensure!(story.contains(&format!("\n  {number}. ")), "step {number} is not told: {story}");
    }
    for word in [
        "SIMULATED",
        "\u{2580}",
        "scan",
        "awaiting_code",
        "decrypted",
        "message.received",
        "Every step happened",
    ] {
        ensure!(story.contains(word), "`{word}` is not in the story: {story}");
    }
    Ok(())
}

#[tokio::test]
async fn without_exit_the_demo_keeps_serving_until_a_signal() -> Result<()> {
    let mut demo = Process::spawn(&["demo"], &[])?;
    let line = demo.wait_for_line(|line| line.contains("admin key  ")).await?;
    let key = line.split_whitespace().last().unwrap_or_default().to_owned();
    let line = demo.wait_for_line(|line| line.trim_start().starts_with("API ")).await?;
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap_or_default();
    let api = enlace_gateway::client::Api::new(url.trim_end_matches("/v1"), Some(&key))?;
    let sessions = api.get("/v1/sessions").await?.expect_status(200)?.json()?;
    ensure!(sessions["items"].as_array().is_some_and(|items| items.len() == 2), "{sessions}");
    demo.signal("INT")?;
    ensure!(demo.ended().await?.success(), "{}", demo.errors());
    Ok(())
}
