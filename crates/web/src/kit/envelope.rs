//! Around every request: its id, its log line, and the writing of error answers, the router's own included.

use super::client::ClientAddress;
use super::own::Own;
use super::problem::{self, Problem};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use std::any::Any;
use std::time::Instant;
use uuid::Uuid;

/// Given back on every answer; a caller's own is kept when it is short and printable.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX: usize = 128;

/// The middleware.
pub(crate) async fn envelope(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = request.extensions().get::<ClientAddress>().map(|client| client.0);
    let begun = Instant::now();
    let mut response = finish(next.run(request).await, &id);
    tracing::debug!(
        request_id = %id,
        client = client.map(tracing::field::display),
        %method,
        route = route.as_ref().map_or("(none)", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = begun.elapsed().as_millis(),
        "answered",
    );
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // What a session is, says or shows is nothing to keep in between.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What a panic in a handler becomes; `Box<dyn Any>` may hold anything, so its text is not shown to the caller.
pub(crate) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    use axum::response::IntoResponse;
    tracing::error!("a handler panicked");
    Problem::new(Own::Internal, "something broke while answering; the log has more under this request_id")
        .into_response()
}

/// The answer to a path that nobody serves.
pub(crate) async fn unknown_route() -> Problem {
    Problem::new(
        Own::RouteNotFound,
        "nothing is served at this path; /docs lists what is, and every path of the API begins with /v1",
    )
}

fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).map(str::trim);
    match given {
        Some(id) if !id.is_empty() && id.len() <= REQUEST_ID_MAX => id.to_owned(),
        _ => format!("req_{}", Uuid::now_v7().simple()),
    }
}

fn finish(mut response: Response, id: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut rendered = problem.render(id);
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) && name != header::CONTENT_LENGTH {
                rendered.headers_mut().append(name, value.clone());
            }
        }
        return rendered;
    }
    match bare(&response) {
        Some(problem) => {
            let allow = response.headers_mut().remove(header::ALLOW);
            let mut rendered = problem.render(id);
            if let Some(allow) = allow {
                rendered.headers_mut().insert(header::ALLOW, allow);
            }
            rendered
        }
        None => response,
    }
}

/// An error that the router or a layer answered in its own words.
fn bare(response: &Response) -> Option<Problem> {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let ours = kind.is_some_and(|kind| kind.starts_with(problem::CONTENT_TYPE));
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let (own, detail) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (
            Own::MethodNotAllowed,
            "this path exists, but not with this method; the header Allow lists those it has",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (Own::BodyTooLarge, super::body::TOO_LARGE),
        StatusCode::NOT_FOUND => (Own::NotFound, "there is nothing here"),
        _ => (Own::RequestRefused, "the request was refused as it is; /docs shows what is expected"),
    };
    Some(Problem::new(own, detail).keep(status))
}
