//! Values of settings that must be more than a text.

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;

/// An `http://` or `https://` address without a trailing slash; empty for none.
pub(crate) fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim().trim_end_matches('/');
    let url = reqwest::Url::parse(text);
    if url.as_ref().is_ok_and(has_login) {
        // Without the text: it holds a secret.
        return Err(D::Error::custom(
            "public_url holds a user or a password, and it is shown to everyone; write it without them, as \
             https://enlace.example.com",
        ));
    }
    let good = url.is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if good || text.is_empty() {
        return Ok(text.to_owned());
    }
    Err(D::Error::custom(format!(
        "`{text}` is no address for others; public_url is written as https://enlace.example.com"
    )))
}

/// Whether an address holds a user or a password.
pub(crate) fn has_login(url: &reqwest::Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Addresses and networks with commas between.
pub(crate) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| network(word).ok_or_else(|| D::Error::custom(no_network(word)))).collect()
}

fn network(word: &str) -> Option<IpNet> {
    word.parse().ok().or_else(|| Some(word.parse::<IpAddr>().ok()?.into()))
}

fn no_network(word: &str) -> String {
    format!(
        "`{word}` is neither an address nor a network; trusted_proxies is written as 127.0.0.1, 10.0.0.0/8"
    )
}
