//! A session's own proxy that fails: said with its reason, and never gone around.

use crate::elsewhere::network;
use crate::harness::{Server, nobody_listens, problem};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::Phones;
use reqwest::Method;
use serde_json::json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A proxy that lets nobody through without a password.
async fn strict() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n")
                && caller.read_buf(&mut asked).await.is_ok_and(|read| read > 0)
            {}
            let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                          Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n";
            // Who hangs up early has heard enough.
            drop(caller.write_all(answer.as_bytes()).await);
        }
    });
    Ok(address)
}

#[tokio::test]
async fn a_proxy_that_fails_is_named_and_never_gone_around() -> Result<()> {
    let (folders, own) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (_simulator, url) = network(folders.path(), "127.0.0.1:0").await?;
    let mut server = Server::start_in(own.path(), &[&format!("--simulator={url}")], &[]).await?;
    server.phones = Phones::new(&url)?;
    let held = nobody_listens()?;
    let nobody = held.local_addr()?;
    for (id, proxy, reason) in [
        ("ana", format!("socks5://{nobody}"), "proxy-refused"),
        ("bruno", format!("http://{}", strict().await?), "proxy-auth-required"),
    ] {
        server.api.post("/v1/sessions", &json!({ "id": id, "proxy": proxy })).await?.expect_status(201)?;
        let path = format!("/v1/sessions/{id}");
        let refused = problem(server.api.get(&format!("{path}/qr")).await?, 503, "network-unreachable")?;
        ensure!(refused["detail"].as_str().is_some_and(|detail| detail.contains(reason)), "{refused}");
        let state = server.wait_state(id, &["link_expired"]).await?["state"].clone();
        ensure!(state["reason"] == reason, "{state}");
        // The network has seen nobody but those who came without a proxy.
        let open = server.phones.api().get("/connections").await?.expect_status(200)?.json()?;
        ensure!(open.as_array().is_some_and(|open| open.len() == usize::from(id == "bruno")), "{open}");

        let without = json!({ "proxy": null });
        server.api.ask(Method::PATCH, &path, Some(&without), &[]).await?.expect_status(200)?;
        let link = server.api.post(&format!("{path}/link"), &json!({ "method": "qr" })).await?;
        let link = link.expect_status(200)?.json()?;
        let phone = server.phones.buy(id, None).await?;
        phone.scan(link["qr"]["qr"].as_str().context("a payload")?).await?;
        server.wait_state(id, &["online"]).await?;
    }
    Ok(())
}
