//! Starting, and the sentences of a start that can't be.

use crate::harness::{KEY, Process, Server, problem, run};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::ExitStatus;

async fn refused(folder: &Path, more: &[&str], environment: &[(&str, &str)]) -> Result<String> {
    let path = folder.to_str().context("a plain name")?;
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", path];
    arguments.extend(more);
    let (status, output, errors) = run(&arguments, environment).await?;
    check_sentence(status, &errors)?;
    ensure!(!output.contains("listens on"), "it served: {output}");
    Ok(errors)
}

fn check_sentence(status: ExitStatus, errors: &str) -> Result<()> {
    ensure!(status.code() == Some(1), "it ended with {status}: {errors}");
    let sentence = errors.lines().last().unwrap_or_default();
    ensure!(sentence.starts_with("enlace: ") && sentence.len() > 40, "no sentence: {errors}");
    ensure!(!errors.contains("panicked"), "{errors}");
    Ok(())
}

#[tokio::test]
async fn the_first_start_shows_an_admin_key_once_and_it_works() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("a plain name")?;
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", path, "--simulator"];
    let mut first = Process::spawn(&arguments, &[])?;
    let line = first.wait_for_line(|line| line.contains("admin key")).await?;
    let key = line.split_whitespace().last().context("a key")?.to_owned();
    ensure!(
        key.len() == 64 && key.chars().all(|c| c.is_ascii_hexdigit()),
        "the key is 64 hexadecimal digits"
    );
    let listens = first.wait_for_line(|line| line.contains("listens on")).await?;
    let url = listens.split_whitespace().last().context("an address")?;
    let api = enlace_gateway::client::Api::new(url, Some(&key))?;
    api.get("/v1/sessions").await?.expect_status(200)?;
    first.signal("TERM")?;
    first.ended().await?;
    ensure!(first.output().to_lowercase().contains("simulated"), "the banner says what the network is");
    ensure!(!first.errors().contains(&key), "the key is in the log");

    let mut second = Server::start_in(folder.path(), &["--simulator"], &[]).await?;
    problem(second.api.get("/v1/sessions").await?, 401, "key-invalid")?;
    second.api.with_key(Some(&key)).get("/v1/sessions").await?.expect_status(200)?;
    // What it printed is whole only at its end.
    second.stop().await?;
    ensure!(!second.process.output().contains(&key), "the key was shown again");
    ensure!(
        second.process.errors().contains("ENLACE_ADMIN_KEY"),
        "a differing ENLACE_ADMIN_KEY gets no warning"
    );
    ensure!(!second.process.errors().contains(KEY), "the refused key is in the log");
    Ok(())
}

#[tokio::test]
async fn a_second_gateway_on_one_folder_is_refused_and_harms_nothing() -> Result<()> {
    let server = Server::start().await?;
    server.link("ana").await?;
    let errors = refused(server.folder(), &["--simulator"], &[]).await?;
    ensure!(errors.contains("in use by another Enlace") && errors.contains(server.api.base()), "{errors}");
    let path = server.folder().to_str().context("a plain name")?;
    let (status, _, errors) = run(&["keys", "reset-admin", "--data-dir", path], &[]).await?;
    check_sentence(status, &errors)?;
    ensure!(server.session("ana").await?["state"]["name"] == "online", "the first one was disturbed");
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named_and_no_key_is_made() -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("a plain name")?;
    let (status, output, errors) = run(&["serve", "--listen", &address, "--data-dir", path], &[]).await?;
    check_sentence(status, &errors)?;
    ensure!(errors.contains(&address) && errors.contains("--listen"), "{errors}");
    ensure!(!output.contains("admin key"), "{output}");
    Ok(())
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("a plain name")?;
    for address in ["203.0.113.7:80", "nonsense"] {
        let (status, _, errors) = run(&["serve", "--listen", address, "--data-dir", path], &[]).await?;
        check_sentence(status, &errors)?;
        ensure!(errors.contains(address), "{errors}");
    }
    Ok(())
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder")?;
    let errors = refused(&file.join("data"), &[], &[]).await?;
    ensure!(errors.contains("can't be written") && errors.contains("--data-dir"), "{errors}");
    Ok(())
}

#[tokio::test]
async fn a_damaged_database_is_left_as_it_is() -> Result<()> {
    let mut server = Server::start().await?;
    server.create("ana").await?;
    server.stop().await?;
    let database = server.folder().join("enlace.db");
    let good = std::fs::read(&database)?;
    let mut bad = good.clone();
    bad[100..2_000].fill(0xAA);
    std::fs::write(&database, &bad)?;
    let errors = refused(server.folder(), &["--simulator"], &[]).await?;
    ensure!(errors.contains("damaged") && errors.contains("backup"), "{errors}");
    ensure!(std::fs::read(&database)? == bad, "the damaged file was changed");

    std::fs::write(&database, b"this is a text file, not a database, and long enough to be read")?;
    refused(server.folder(), &["--simulator"], &[]).await?;
    std::fs::write(&database, &good)?;
    server.start_again(&["--simulator"]).await?;
    server.session("ana").await?;
    Ok(())
}

#[tokio::test]
async fn a_wrong_or_missing_master_key_changes_nothing() -> Result<()> {
    let mut server = Server::start().await?;
    server.link("ana").await?;
    server.stop().await?;
    let key_file = server.folder().join("master.key");
    let errors =
        refused(server.folder(), &["--simulator"], &[("ENLACE_MASTER_KEY", &"ab".repeat(32))]).await?;
    ensure!(errors.contains("master key"), "{errors}");
    let errors = refused(server.folder(), &["--simulator"], &[("ENLACE_MASTER_KEY", "short")]).await?;
    ensure!(errors.contains("64 hex") && !errors.contains("short"), "{errors}");

    let key = std::fs::read(&key_file)?;
    std::fs::remove_file(&key_file)?;
    let errors = refused(server.folder(), &["--simulator"], &[]).await?;
    ensure!(errors.contains("master.key") && !key_file.exists(), "{errors}");
    std::fs::write(&key_file, key)?;
    server.start_again(&["--simulator"]).await?;
    server.wait_state("ana", &["online"]).await?;
    Ok(())
}

#[tokio::test]
async fn settings_nobody_knows_are_named_with_their_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("enlace.toml");
    std::fs::write(&file, "[simulator]\nsped = 3\n")?;
    let errors = refused(folder.path(), &["--config", file.to_str().context("a plain name")?], &[]).await?;
    ensure!(errors.contains("simulator.sped") && errors.contains("enlace.toml"), "{errors}");
    let (status, printed, _) = run(&["serve", "--print-config"], &[]).await?;
    ensure!(status.success(), "--print-config");
    std::fs::write(&file, printed)?;
    let config = file.to_str().context("a plain name")?;
    Server::start_in(folder.path(), &["--simulator", "--config", config], &[]).await?;
    Ok(())
}

/// Fails when a gateway serves with a key that can be guessed.
#[tokio::test]
async fn an_admin_key_that_can_be_guessed_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let short = "k".repeat(31);
    let errors = refused(folder.path(), &["--simulator"], &[("ENLACE_ADMIN_KEY", &short)]).await?;
    ensure!(errors.contains("openssl rand -hex 32") && !errors.contains(&short), "{errors}");
    ensure!(!folder.path().join("enlace.db").exists(), "something was stored");
    Ok(())
}

#[tokio::test]
async fn a_lost_admin_key_is_replaced_offline() -> Result<()> {
    let mut server = Server::start().await?;
    server.create("ana").await?;
    server.stop().await?;
    let path = server.folder().to_str().context("a plain name")?;
    let (status, output, errors) = run(&["keys", "reset-admin", "--data-dir", path], &[]).await?;
    let key = output.trim();
    ensure!(status.success() && key.len() == 64, "no key: {output}");
    ensure!(errors.contains("revoked: 1"), "it is not said what became of the old one: {errors}");
    let key = key.to_owned();
    let (status, listed, _) = run(&["keys", "list", "--data-dir", path], &[]).await?;
    let rows: Vec<_> = listed.lines().filter(|line| line.contains("key_")).collect();
    ensure!(status.success() && rows.len() == 1 && rows[0].contains("admin"), "{listed}");
    ensure!(!listed.contains(&key) && !listed.contains(KEY), "a key is in the list: {listed}");
    server.start_again(&["--simulator"]).await?;
    problem(server.api.get("/v1/sessions/ana").await?, 401, "key-invalid")?;
    server.api.with_key(Some(&key)).get("/v1/sessions/ana").await?.expect_status(200)?;
    let (status, _, errors) = run(&["keys", "reset-admin", "--data-dir", "/nowhere/at/all"], &[]).await?;
    check_sentence(status, &errors)?;
    ensure!(!Path::new("/nowhere").exists(), "a folder was made");
    Ok(())
}

#[tokio::test]
async fn help_names_every_default_and_every_environment_name() -> Result<()> {
    let (status, help, _) = run(&["serve", "--help"], &[]).await?;
    ensure!(status.success(), "--help");
    for word in [
        "127.0.0.1:7700",
        "./enlace-data",
        "ENLACE_LISTEN",
        "ENLACE_DATA_DIR",
        "ENLACE_SIMULATOR",
        "ENLACE_CONFIG",
    ] {
        ensure!(help.contains(word), "{word} is not in --help");
    }
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef enlace"), ("fish", "complete -c enlace")]
    {
        let (status, script, _) = run(&["completions", shell], &[]).await?;
        ensure!(status.success() && script.contains(word), "{shell}: {script}");
        ensure!(script.contains("reset-admin") && script.contains("data-dir"), "{shell}: {script}");
    }
    let (status, document, _) = run(&["openapi"], &[]).await?;
    let document: serde_json::Value = serde_json::from_str(&document)?;
    ensure!(
        status.success() && document["paths"]["/v1/sessions"]["post"]["operationId"] == "session_create",
        "openapi"
    );
    Ok(())
}
