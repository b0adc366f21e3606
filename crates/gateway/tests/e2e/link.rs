//! `enlace link`, as a person runs it.

use crate::harness::{KEY, Process, Server, run};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::Phones;
use std::path::Path;

/// Another command on the server's folder, with its key.
fn beside(server: &Server, arguments: &[&str]) -> Result<Process> {
    let folder = server.folder().to_str().context("a plain name")?;
    let all: Vec<_> = ["link", "--data-dir", folder].iter().chain(arguments).copied().collect();
    Process::spawn(&all, &[("ENLACE_KEY", KEY)])
}

#[tokio::test]
async fn a_running_gateway_is_found_and_the_qr_it_shows_links() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.phones.buy("Ana", None).await?;
    let mut link = beside(&server, &["--session", "ana"])?;
    link.wait_for_line(|line| line.contains("good for")).await?;
    let drawn = server.api.get("/v1/sessions/ana/qr?format=terminal").await?.expect_status(200)?.text();
    let output = link.output();
    for line in drawn.lines().filter(|line| line.contains('\u{2580}')) {
        ensure!(output.contains(line), "the QR in the terminal is another one");
    }
    ensure!(output.contains("SIMULATED"), "it does not say that it is simulated: {output}");
    let qr = server.qr("ana").await?;
    phone.scan(qr["qr"].as_str().context("a payload")?).await?;
    let status = link.ended().await?;
    let output = link.output();
    ensure!(
        status.success() && output.contains("`ana` is online as +"),
        "{status}: {output} {}",
        link.errors()
    );
    ensure!(output.contains("The phone accepted"), "the steps are told: {output}");
    ensure!(server.session("ana").await?["state"]["name"] == "online", "it is online");

    let (status, _, errors) =
        run(&["link", "--url", server.api.base(), "--key", KEY, "--session", "ana"], &[]).await?;
    ensure!(
        !status.success() && errors.contains("was not touched") && errors.contains("--force"),
        "{errors}"
    );
    Ok(())
}

#[tokio::test]
async fn a_code_comes_in_two_groups_and_links() -> Result<()> {
    let server = Server::start().await?;
    let phone = server.phones.buy("Bruno", Some("999200000001")).await?;
    let mut link = beside(&server, &["--session", "bruno", "--code", "+999 200-000-001"])?;
    let is_code = |line: &str| {
        let line = line.trim();
        line.len() == 9
            && line.as_bytes()[4] == b'-'
            && line.chars().all(|c| c == '-' || c.is_ascii_alphanumeric())
    };
    let code = link.wait_for_line(is_code).await?.trim().replace('-', "");
    phone.type_code(&code).await?;
    let status = link.ended().await?;
    ensure!(status.success() && link.output().contains("online as +999200000001"), "{}", link.output());
    Ok(())
}

#[tokio::test]
async fn without_a_running_gateway_it_brings_its_own_and_the_link_is_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().to_str().context("a plain name")?;
    let mut link =
        Process::spawn(&["link", "--simulator", "--data-dir", path], &[("ENLACE_ADMIN_KEY", KEY)])?;
    let line = link.wait_for_line(|line| line.contains("/simulator/v1")).await?;
    let url = line.split_whitespace().last().context("an address")?.trim_end_matches("/simulator/v1");
    let phone = Phones::new(url)?.buy("Ana", None).await?;
    link.wait_for_line(|line| line.contains("good for")).await?;
    let api = enlace_gateway::client::Api::new(url, Some(KEY))?;
    let qr = api.get("/v1/sessions/default/qr?format=text").await?.expect_status(200)?.text();
    phone.scan(&qr).await?;
    let status = link.ended().await?;
    ensure!(
        status.success() && link.output().contains("The link is kept"),
        "{} {}",
        link.output(),
        link.errors()
    );

    // Its key ended with it.
    let (status, keys, errors) = run(&["keys", "list", "--data-dir", path], &[]).await?;
    ensure!(status.success() && keys.contains("admin") && !keys.contains("enlace link"), "{keys} {errors}");

    let server = Server::start_in(folder.path(), &["--simulator"], &[]).await?;
    server.wait_state("default", &["online"]).await?;
    Ok(())
}

/// Fails when the admin key of this machine's gateway is sent to whatever answers at an address.
#[tokio::test]
async fn the_admin_key_is_for_the_gateway_of_the_folder_and_for_no_other() -> Result<()> {
    let server = Server::start().await?;
    let admin_key = [("ENLACE_ADMIN_KEY", KEY)];
    let (status, _, errors) =
        run(&["link", "--url", server.api.base(), "--session", "ana"], &admin_key).await?;
    ensure!(!status.success() && errors.contains("ENLACE_KEY"), "{errors}");
    ensure!(server.api.get("/v1/sessions/ana").await?.status == 404, "the key was used");
    let folder = server.folder().to_str().context("a plain name")?;
    let mut link = Process::spawn(&["link", "--data-dir", folder, "--session", "ana"], &admin_key)?;
    link.wait_for_line(|line| line.contains("good for")).await?;
    Ok(())
}

/// Fails when a forgotten variable unlinks a phone without a word about where the wish came from.
#[tokio::test]
async fn a_force_that_came_from_the_environment_is_told() -> Result<()> {
    let nowhere = [("ENLACE_LINK_FORCE", "yes"), ("ENLACE_KEY", KEY)];
    let (status, _, errors) = run(&["link", "--url", "http://127.0.0.1:1"], &nowhere).await?;
    ensure!(!status.success() && errors.contains("ENLACE_LINK_FORCE"), "{errors}");
    let (_, _, errors) = run(&["link", "--url", "http://127.0.0.1:1", "--force"], &nowhere).await?;
    ensure!(!errors.contains("ENLACE_LINK_FORCE"), "{errors}");
    let says_no = [("ENLACE_LINK_FORCE", "no"), ("ENLACE_KEY", KEY)];
    let (_, _, errors) = run(&["link", "--url", "http://127.0.0.1:1"], &says_no).await?;
    ensure!(!errors.contains("ENLACE_LINK_FORCE"), "{errors}");
    Ok(())
}

#[tokio::test]
async fn every_end_is_a_sentence_and_a_status() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let quick = [("ENLACE_SIMULATOR_REFS", "1"), ("ENLACE_SIMULATOR_SPEED", "100")];
    let server = Server::start_in(folder.path(), &["--simulator"], &quick).await?;
    let mut link = beside(&server, &["--session", "late"])?;
    let status = link.ended().await?;
    ensure!(!status.success() && link.errors().contains("nobody linked in time"), "{}", link.errors());

    // Two sessions: which one?
    server.create("other").await?;
    let mut link = beside(&server, &[])?;
    link.ended().await?;
    ensure!(link.errors().contains("--session"), "{}", link.errors());
    let mut link = beside(&server, &["--session", "no such id"])?;
    link.ended().await?;
    ensure!(link.errors().contains("can't be the id of a session"), "{}", link.errors());
    let mut link = beside(&server, &["--session", "late", "--code", "12"])?;
    link.ended().await?;
    ensure!(link.errors().contains("phone"), "{}", link.errors());

    refused_without_a_key(folder.path()).await
}

#[tokio::test]
async fn a_session_that_is_deleted_meanwhile_ends_it() -> Result<()> {
    let server = Server::start().await?;
    let mut link = beside(&server, &["--session", "ana"])?;
    link.wait_for_line(|line| line.contains("good for")).await?;
    let answer = server.api.delete("/v1/sessions/ana").await?;
    ensure!(answer.status.is_success(), "{}", answer.text());
    let status = link.ended().await?;
    ensure!(!status.success() && link.errors().contains("deleted"), "{}", link.errors());
    Ok(())
}

async fn refused_without_a_key(folder: &Path) -> Result<()> {
    let path = folder.to_str().context("a plain name")?;
    let (status, _, errors) = run(&["link", "--data-dir", path], &[]).await?;
    ensure!(!status.success() && errors.contains("--key") && errors.contains("reset-admin"), "{errors}");
    let (status, _, errors) = run(&["link", "--data-dir", path], &[("ENLACE_KEY", "wrong")]).await?;
    ensure!(
        !status.success() && errors.contains("--key or ENLACE_KEY") && !errors.contains("wrong"),
        "{errors}"
    );
    Ok(())
}
