//! `enlace doctor`.

use crate::harness::{Process, Server, run};
use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The mark and the words of a line about something.
fn line<'a>(output: &'a str, what: &str) -> Result<(&'a str, &'a str)> {
    let found = output.lines().find_map(|line| {
        let (mark, rest) = line.split_once(' ')?;
        let words = rest.trim_start().strip_prefix(what)?;
        Some((mark, words.strip_prefix(' ')?.trim()))
    });
    found.with_context(|| format!("nothing about {what}: {output}"))
}

/// Whether all is well but the disk's speed: how fast it is while other tests write is not theirs to say.
fn well(output: &str) -> bool {
    output.lines().all(|line| !line.starts_with("FAIL") || line.contains("one durable write takes"))
}

#[tokio::test]
async fn a_machine_that_is_ready_is_told_so_and_nothing_is_made() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let path = data.to_str().context("a plain name")?;
    let (status, output, errors) =
        run(&["doctor", "--data-dir", path, "--listen", "127.0.0.1:0"], &[]).await?;
    ensure!(well(&output), "{output} {errors}");
    for what in ["settings", "folder", "master key", "clock", "port"] {
        ensure!(line(&output, what)?.0 == "ok", "{what}: {output}");
    }
    let (mark, disk) = line(&output, "disk")?;
    ensure!(disk.contains("one durable write takes") && (mark == "ok") == status.success(), "{output}");
    ensure!(line(&output, "whatsapp")?.0 == "skip", "{output}");
    ensure!(!data.exists(), "a folder was made");
    Ok(())
}

#[tokio::test]
async fn each_thing_that_is_wrong_fails_with_what_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("enlace.toml");
    std::fs::write(&config, "[simulator]\nsped = 2\n")?;
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder")?;
    let data = file.join("data");
    let (data, config) = (data.to_str().context("a plain name")?, config.to_str().context("a plain name")?);
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();

    let (status, output, errors) = run(&["doctor", "--data-dir", data, "--listen", &address], &[]).await?;
    ensure!(status.code() == Some(1) && errors.contains("checks failed"), "{output} {errors}");
    ensure!(
        line(&output, "folder")?.0 == "FAIL" && line(&output, "folder")?.1.contains("--data-dir"),
        "{output}"
    );
    ensure!(line(&output, "port")?.0 == "FAIL" && line(&output, "port")?.1.contains("--listen"), "{output}");

    let (status, output, _) =
        run(&["doctor", "--config", config], &[("ENLACE_LISTEN", "127.0.0.1:0")]).await?;
    ensure!(!status.success() && line(&output, "settings")?.1.contains("simulator.sped"), "{output}");
    let names = [("ENLACE_LISTNE", "x"), ("ENLACE_LISTEN", "127.0.0.1:0")];
    let (_, output, _) =
        run(&["doctor", "--data-dir", folder.path().to_str().context("a plain name")?], &names).await?;
    ensure!(output.contains("ENLACE_LISTNE"), "{output}");
    Ok(())
}

#[tokio::test]
async fn a_gateway_that_runs_is_found_and_a_lost_master_key_is_named() -> Result<()> {
    let mut server = Server::start().await?;
    let path = server.folder().to_str().context("a plain name")?.to_owned();
    let (_, output, _) = run(&["doctor", "--data-dir", &path], &[]).await?;
    ensure!(well(&output) && line(&output, "port")?.1.contains(server.api.base()), "{output}");
    server.stop().await?;
    std::fs::remove_file(server.folder().join("master.key"))?;
    let (status, output, _) = run(&["doctor", "--data-dir", &path, "--listen", "127.0.0.1:0"], &[]).await?;
    ensure!(!status.success() && line(&output, "master key")?.0 == "FAIL", "{output}");
    Ok(())
}

#[tokio::test]
async fn what_answers_and_is_not_whatsapp_is_told_apart_from_what_does_not_answer() -> Result<()> {
    let (folder, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network = folder.path().to_str().context("a plain name")?;
    let mut simulator =
        Process::spawn(&["simulator", "--listen", "127.0.0.1:0", "--data-dir", network], &[])?;
    let banner = simulator.wait_for_line(|line| line.contains("SIMULATED")).await?;
    let address = banner.split_whitespace().last().context("an address")?.replace("http://", "ws://");
    let path = own.path().to_str().context("a plain name")?;
    let arguments = ["doctor", "--whatsapp", "--data-dir", path, "--listen", "127.0.0.1:0"];

    let url = format!("{address}/ws/chat");
    let (status, output, _) = run(&arguments, &[("ENLACE_WHATSAPP_URL", &url)]).await?;
    for (what, mark) in
        [("name", "ok"), ("socket", "ok"), ("tls", "skip"), ("websocket", "ok"), ("handshake", "FAIL")]
    {
        ensure!(line(&output, what)?.0 == mark, "{what} is not {mark}: {output}");
    }
    ensure!(line(&output, "handshake")?.1.contains("prove"), "{output}");
    ensure!(!status.success(), "{output}");

    simulator.kill().await?;
    let (status, output, _) = run(&arguments, &[("ENLACE_WHATSAPP_URL", &url)]).await?;
    ensure!(!status.success() && line(&output, "socket")?.0 == "FAIL", "{output}");
    ensure!(line(&output, "the rest")?.0 == "skip" && !output.contains("handshake"), "{output}");
    Ok(())
}

/// A page that is given to browsers alone, as WhatsApp does: its address, with `?broken` for one that is not there, and
/// `&late` for a server by whose clock it is another year.
async fn version_page() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/sw.js", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 4096];
            let read = stream.read(&mut asked).await.unwrap_or_default();
            let asked = String::from_utf8_lossy(&asked[..read]).to_lowercase();
            let is_browser = asked.contains("sec-fetch-site: none") && asked.contains("chrome/");
            let (status, page) = match (is_browser, asked.contains("?broken")) {
                (true, false) => ("200 OK", r#"x({"client_revision":2000000000,"y":1})"#),
                _ => ("404 Not Found", r#"{"client_revision":2100000000}"#),
            };
            let length = page.len();
            let date = if asked.contains("late") { "Date: Fri, 02 Jan 2015 03:04:05 GMT\r\n" } else { "" };
            let answer = format!(
                "HTTP/1.1 {status}\r\n{date}Content-Length: {length}\r\nConnection: close\r\n\r\n{page}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    Ok(url)
}

/// Every answer tells the time, also one that is no page.
#[tokio::test]
async fn a_clock_that_is_not_whatsapps_is_a_failure() -> Result<()> {
    let (folder, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network = folder.path().to_str().context("a plain name")?;
    let mut simulator =
        Process::spawn(&["simulator", "--listen", "127.0.0.1:0", "--data-dir", network], &[])?;
    let banner = simulator.wait_for_line(|line| line.contains("SIMULATED")).await?;
    let door = banner.split_whitespace().last().context("an address")?.replace("http://", "ws://");
    let door = format!("{door}/ws/chat");
    let path = own.path().to_str().context("a plain name")?;
    let page = version_page().await?;
    for page in [format!("{page}?late"), format!("{page}?broken&late")] {
        let names = [("ENLACE_WHATSAPP_URL", door.as_str()), ("ENLACE_WHATSAPP_VERSION_URL", &page)];
        let arguments = ["doctor", "--whatsapp", "--data-dir", path, "--listen", "127.0.0.1:0"];
        let (status, output, _) = run(&arguments, &names).await?;
        let off = output.lines().find(|line| line.starts_with("FAIL") && line.contains("clock"));
        ensure!(off.is_some_and(|line| line.contains("NTP")) && !status.success(), "{output}");
    }
    Ok(())
}

/// Fails when the page is read otherwise than the gateway reads it, or a pinned version is passed over.
#[tokio::test]
async fn the_version_is_looked_up_as_the_gateway_does_it() -> Result<()> {
    let (folder, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let network = folder.path().to_str().context("a plain name")?;
    let mut simulator =
        Process::spawn(&["simulator", "--listen", "127.0.0.1:0", "--data-dir", network], &[])?;
    let banner = simulator.wait_for_line(|line| line.contains("SIMULATED")).await?;
    let door = banner.split_whitespace().last().context("an address")?.replace("http://", "ws://");
    let door = format!("{door}/ws/chat");
    let path = own.path().to_str().context("a plain name")?;
    let page = version_page().await?;
    let broken = format!("{page}?broken");
    for (page, pinned, mark, words) in [
        (page.as_str(), "", "ok", "2.3000.2000000000 now"),
        (page.as_str(), "2.3000.1500000000", "note", "pins 2.3000.1500000000"),
        (page.as_str(), "2.3000.2000000000", "ok", "pins 2.3000.2000000000"),
        (broken.as_str(), "", "note", "404"),
    ] {
        let names = [
            ("ENLACE_WHATSAPP_URL", door.as_str()),
            ("ENLACE_WHATSAPP_VERSION_URL", page),
            ("ENLACE_WHATSAPP_VERSION", pinned),
        ];
        let arguments = ["doctor", "--whatsapp", "--data-dir", path, "--listen", "127.0.0.1:0"];
        let (_, output, _) = run(&arguments, &names).await?;
        let (found, said) = line(&output, "version")?;
        ensure!(found == mark && said.contains(words), "{mark} {words}: {output}");
    }
    Ok(())
}

/// Fails when a health check depends on anything but the gateway's own answer, or calls one well that is gone.
#[tokio::test]
async fn a_health_check_asks_the_gateway_and_nothing_else() -> Result<()> {
    let mut server = Server::start().await?;
    let path = server.folder().to_str().context("a plain name")?.to_owned();
    let arguments = ["doctor", "--ready", "--data-dir", &path, "--listen", "127.0.0.1:1"];
    let (status, output, _) = run(&arguments, &[]).await?;
    ensure!(status.success() && line(&output, "ready")?.1.contains(server.api.base()), "{output}");
    ensure!(line(&output, "disk").is_err() && line(&output, "folder").is_err(), "{output}");
    server.stop().await?;
    let (status, output, _) = run(&arguments, &[]).await?;
    ensure!(!status.success() && line(&output, "ready")?.0 == "FAIL", "{output}");
    Ok(())
}
