//! A slash at the end of a path: one of the vendor's own clients writes it.

use super::errors;
use crate::frame::state::Shared;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

/// The same routes, each also with a slash behind it.
pub(super) fn taken_too(routes: Router<Shared>) -> Router<Shared> {
    let again = routes.clone();
    routes.fallback(move |State(shared): State<Shared>, request: Request| ask(again, shared, request))
}

/// What is unknown is asked for once more, without its slash.
async fn ask(routes: Router<Shared>, shared: Shared, mut request: Request) -> Response {
    let Some(uri) = without(request.uri()) else { return errors::unknown().await.into_response() };
    *request.uri_mut() = uri;
    let routes: Router = routes.with_state(shared);
    routes.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn without(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_goes_and_the_query_stays() {
        let uri = |text: &str| without(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(uri("/v1/devices/?size=1").as_deref(), Some("/v1/devices?size=1"));
        assert_eq!(uri("/v1/devices/").as_deref(), Some("/v1/devices"));
        assert_eq!(uri("/v1/devices"), None);
        assert_eq!(uri("/"), None);
    }
}
