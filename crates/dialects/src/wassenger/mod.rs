//! Wassenger's API, `/v1` with the header `Token`, and with it that of its white labels, SparkBot among them.
//!
//! Facts: the contract of the vendor's document and of the clients that use it. The vendor's own service (team,
//! departments, campaigns, billing) is none of a gateway's, and answers that it is not served.

mod coverage;
mod encoding;
mod errors;
mod query;
mod sent;
mod serve;
mod signed;
mod slash;
mod translate;
mod wire;

use crate::frame::operation::{self, Row};
use crate::frame::state::Shared;
use crate::frame::vendor::{Refusal, Vendor};
use axum::Router;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use enlace_domain::alias::Dialect;
use secrecy::SecretString;

/// The vendor.
pub(crate) enum Wassenger {}

impl Vendor for Wassenger {
    const DIALECT: Dialect = Dialect::Wassenger;

    fn credential(parts: &Parts) -> Option<SecretString> {
        let token = header(parts, "token").map(str::to_owned);
        let given = token
            .or_else(|| query::Query::of(&parts.uri).text("token").map(str::to_owned))
            .or_else(|| header(parts, "authorization").map(|text| bare(text).to_owned()))?;
        // The nodes write the name of their runtime before it, as `<word>_`; a key of ours has no underscore.
        let key = given.rsplit('_').next().unwrap_or_default();
        (!key.is_empty()).then(|| key.into())
    }

    fn refuse(refusal: Refusal) -> Response {
        errors::Refused::from(refusal).into_response()
    }
}

/// A header that says something.
fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let text = parts.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// `Authorization` holds the key alone or after `Bearer`.
fn bare(text: &str) -> &str {
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
        _ => text,
    }
}

/// Its routes. A picture's address is ours and no operation of the vendor's, so it is none of the rows.
pub(crate) fn routes() -> Router<Shared> {
    let routes = operation::routes(coverage::sections())
        .route(signed::PATH, get(serve::open_picture::handler))
        .fallback(errors::unknown)
        .method_not_allowed_fallback(errors::unknown);
    slash::taken_too(routes)
}

/// Its operations.
pub(crate) fn coverage() -> Vec<Row> {
    operation::rows(&coverage::sections())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use secrecy::ExposeSecret;

    fn key(uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Wassenger::credential(&parts).map(|key| key.expose_secret().to_owned())
    }

    #[test]
    fn a_key_is_found_wherever_clients_put_it() {
        for (uri, headers) in [
            ("/v1/devices", [("token", "abc")].as_slice()),
            ("/v1/devices?size=100&token=abc", [].as_slice()),
            ("/v1/devices?token=abc", [("token", "")].as_slice()),
            ("/v1/devices", [("authorization", "abc")].as_slice()),
            ("/v1/devices", [("authorization", "Bearer abc")].as_slice()),
            ("/v1/devices", [("authorization", "bearer  abc")].as_slice()),
            ("/v1/devices", [("authorization", "Bearer cloud_abc")].as_slice()),
            ("/v1/devices", [("token", "n8n_abc")].as_slice()),
        ] {
            assert_eq!(key(uri, headers).as_deref(), Some("abc"), "{uri} {headers:?}");
        }
        assert_eq!(key("/v1/devices", &[]), None);
        assert_eq!(key("/v1/devices?token=", &[("authorization", "")]), None);
    }
}
