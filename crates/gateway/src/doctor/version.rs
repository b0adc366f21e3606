//! Which version of WhatsApp Web is told, and which one WhatsApp's page names: read as the engine reads it.

use super::Report;
use super::whatsapp::{STEP, check_clock, trusted};
use crate::settings::Settings;
use anyhow::{Context, Result, ensure};
use enlace_engine::ClientVersion;
use reqwest::header::DATE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use std::path::Path;
use tokio::time::timeout;

/// As a browser asks for the page; others are given another one.
const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
/// Largest page, in bytes.
const PAGE: usize = 4 * 1024 * 1024;

pub(super) async fn look(report: &mut Report, settings: &Settings) {
    let policy = settings.whatsapp.network(&settings.server.data_dir).version;
    let told = match policy.pinned {
        Some(pinned) => format!("`version` pins {pinned}, and that one is told"),
        None => format!("{} is told", known(policy.kept.as_deref())),
    };
    if policy.url.is_empty() {
        report.skip(
            "version",
            format_args!("{told}; `version_url` is empty, so no page is asked for the newest"),
        );
        return;
    }
    let read = timeout(STEP, read(&policy.url)).await.context("no answer in time").and_then(|read| read);
    let (date, named) = match read {
        Ok(Page { date, named }) => (date, named),
        Err(error) => (None, Err(error)),
    };
    if let Some(date) = &date {
        check_clock(report, date);
    }
    let named = match named {
        Ok(named) => named,
        Err(error) => {
            report.note("version", format_args!("{} can't be used ({error:#}); {told}{WELL}", policy.url));
            return;
        }
    };
    match (named, policy.pinned) {
        (None, _) => report.note("version", format_args!("{} names no version; {told}{WELL}", policy.url)),
        (Some(named), None) => report.good("version", format_args!("WhatsApp Web is {named} now")),
        (Some(named), Some(pinned)) if pinned < named => report.note(
            "version",
            format_args!("{told}; WhatsApp Web is {named} now, so empty `version` unless it is meant"),
        ),
        (Some(named), Some(_)) => {
            report.good("version", format_args!("{told}; WhatsApp Web is {named} now"));
        }
    }
}

/// The version that is told while no page is read: the built-in one, or a newer one that was kept.
fn known(kept: Option<&Path>) -> ClientVersion {
    let kept = kept.and_then(|path| std::fs::read_to_string(path).ok());
    let kept = kept.and_then(|text| ClientVersion::parse(text.trim()));
    kept.filter(|kept| *kept > ClientVersion::BUILT_IN).unwrap_or(ClientVersion::BUILT_IN)
}

/// A page that can't be read is no fault while WhatsApp takes the version that is told.
const WELL: &str = ", which is well as long as sessions are not `version-refused`; else look at `version_url`, or set `version`";

/// What the page says.
struct Page {
    /// When it was sent, by the clock there; told by every answer.
    date: Option<String>,
    /// The version it names, if it is the page and names one.
    named: Result<Option<ClientVersion>>,
}

async fn read(url: &str) -> Result<Page> {
    let client =
        Client::builder().no_proxy().redirect(Policy::none()).tls_backend_preconfigured(trusted()).build()?;
    let request = client.get(url).header("sec-fetch-site", "none").header("user-agent", BROWSER);
    let mut answer = request.send().await?;
    let date = answer.headers().get(DATE).and_then(|date| Some(date.to_str().ok()?.to_owned()));
    Ok(Page { date, named: named(&mut answer).await })
}

async fn named(answer: &mut Response) -> Result<Option<ClientVersion>> {
    ensure!(answer.status() == StatusCode::OK, "it answered {}", answer.status());
    let page = body(answer).await?;
    Ok(ClientVersion::named_by(&String::from_utf8_lossy(&page)))
}

async fn body(answer: &mut Response) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    while let Some(part) = answer.chunk().await? {
        page.extend_from_slice(&part);
        ensure!(page.len() <= PAGE, "it is larger than {PAGE} bytes");
    }
    Ok(page)
}
