//! Addresses under which one QR is to be had as a picture without a key: for a page or a chat that can show a picture
//! and must not know a key.
//!
//! Each is for one QR of one device and ends with it. The secret is of this process alone, so none outlives a
//! restart.

use axum::extract::NestedPath;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use enlace_domain::alias::Dialect;
use enlace_domain::link::Qr;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::LazyLock;

/// Where they are.
pub(super) const PATH: &str = "/v1/devices/{id}/scan/{picture}";

static SECRET: LazyLock<[u8; 32]> = LazyLock::new(rand::random::<[u8; 32]>);

/// What an address stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    seq: u64,
    /// Milliseconds since 1970.
    ends: i64,
}

impl Picture {
    /// That of a QR.
    pub(super) fn of(qr: &Qr) -> Self {
        Self { seq: qr.seq, ends: qr.expires_at.timestamp_millis() }
    }

    /// What a name stands for that we gave for this device.
    pub(super) fn named(device: &str, name: &str) -> Option<Self> {
        let (said, signature) = name.strip_suffix(".png")?.rsplit_once('-')?;
        let signature = hex::decode(signature).ok()?;
        mac(device, said).verify_slice(&signature).ok()?;
        let (seq, ends) = said.split_once('-')?;
        Some(Self { seq: seq.parse().ok()?, ends: ends.parse().ok()? })
    }

    fn name(&self, device: &str) -> String {
        let said = format!("{}-{}", self.seq, self.ends);
        let signature = hex::encode(mac(device, &said).finalize().into_bytes());
        format!("{said}-{signature}.png")
    }

    /// The whole address, for who sent this request.
    pub(super) fn address(&self, device: &str, public_url: Option<&str>, parts: &Parts) -> String {
        format!("{}/v1/devices/{device}/scan/{}", base(public_url, parts), self.name(device))
    }
}

fn mac(device: &str, said: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_slice()).expect("HMAC takes keys of any length");
    mac.update(format!("{device}/{said}").as_bytes());
    mac
}

/// Where this dialect is reached from outside: under its prefix at the public address, else as the request found it.
fn base(public_url: Option<&str>, parts: &Parts) -> String {
    if let Some(url) = public_url {
        return format!("{url}/{}", Dialect::Wassenger.as_str());
    }
    let said = |name: &'static str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = said("host").or_else(|| parts.uri.authority().map(Authority::as_str));
    // A proxy in front says so. Who makes it up spoils nobody's address but their own.
    let scheme = if said("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let prefix = parts.extensions.get::<NestedPath>().map_or("", NestedPath::as_str);
    match host {
        Some(host) => format!("{scheme}://{host}{prefix}"),
        None => prefix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    const DEVICE: &str = "0123456789abcdef01234567";

    #[test]
    fn an_address_opens_its_own_picture_and_no_other() {
        let picture = Picture { seq: 3, ends: 1_900_000_000_000 };
        let name = picture.name(DEVICE);
        assert_eq!(Picture::named(DEVICE, &name), Some(picture));
        assert_eq!(Picture::named("0123456789abcdef01234568", &name), None);
        assert_eq!(Picture::named(DEVICE, &name.replacen('3', "4", 1)), None);
        for bad in ["", ".png", "3-1.png", "3-1-.png", "3-1-00.png"] {
            assert_eq!(Picture::named(DEVICE, bad), None, "{bad}");
        }
    }

    #[test]
    fn the_base_is_the_public_address_or_what_the_request_found() {
        let request = Request::builder().uri("/v1").header("host", "wa.example.com:8080").body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        assert_eq!(base(None, &parts), "http://wa.example.com:8080");
        assert_eq!(base(Some("https://e.example.com"), &parts), "https://e.example.com/wassenger");
        parts.headers.insert("x-forwarded-proto", "https".parse().unwrap());
        assert_eq!(base(None, &parts), "https://wa.example.com:8080");
    }
}
