//! Where a request carries its key: `Authorization: Bearer`, `X-API-Key`, or the password of HTTP Basic; and a ticket,
//! which is all that an address may carry: `?ticket=`.

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The key of a request, when it carries one. An `Authorization` of another scheme does not hide an `X-API-Key`.
pub(crate) fn credential(headers: &HeaderMap) -> Option<SecretString> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = authorization.and_then(from_authorization).or_else(|| {
        let key = headers.get(API_KEY)?.to_str().ok()?.trim();
        Some(key.to_owned())
    })?;
    if key.is_empty() { None } else { Some(key.into()) }
}

/// The ticket in an address, for event streams.
pub(crate) fn ticket(query: &str) -> Option<SecretString> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, text) = pairs.find(|(name, text)| name == "ticket" && !text.is_empty())?;
    Some(text.into_owned().into())
}

fn from_authorization(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        return pair.split_once(':').map(|(_, password)| password.to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn key_in(headers: &[(&'static str, &str)]) -> Option<String> {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        credential(&headers.collect()).map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn a_key_is_found_in_all_three_places() {
        assert_eq!(key_in(&[("authorization", "Bearer abc")]).as_deref(), Some("abc"));
        assert_eq!(key_in(&[("authorization", "bearer  abc ")]).as_deref(), Some("abc"));
        assert_eq!(key_in(&[("x-api-key", "abc")]).as_deref(), Some("abc"));
        let basic = format!("Basic {}", STANDARD.encode("anyone:a:bc"));
        assert_eq!(key_in(&[("authorization", &basic)]).as_deref(), Some("a:bc"));
    }

    #[test]
    fn a_ticket_is_found_in_the_query() {
        let text = |query| ticket(query).map(|ticket| ticket.expose_secret().to_owned());
        assert_eq!(text("types=a&ticket=tkt_1%20").as_deref(), Some("tkt_1 "));
        assert_eq!((text("ticket="), text("key=tkt_1"), text("")), (None, None, None));
    }

    #[test]
    fn a_foreign_or_empty_authorization_is_no_key_and_hides_none() {
        assert_eq!(key_in(&[("authorization", "Digest x"), ("x-api-key", "abc")]).as_deref(), Some("abc"));
        for nothing in ["Bearer", "Bearer ", "Digest x", "Basic !!!", "Basic YWJj"] {
            assert_eq!(key_in(&[("authorization", nothing)]), None, "{nothing}");
        }
        assert_eq!(key_in(&[]), None);
    }
}
