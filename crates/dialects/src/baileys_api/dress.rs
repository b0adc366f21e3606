//! What every answer of the vendor wears: open to pages of any origin, and JSON that names its charset. `X-Powered-By`
//! and `ETag` are left off: no client reads them, and the first would not be true.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

/// Answers a browser's question whether it may ask, and dresses every other answer.
pub(super) async fn dress(request: Request, next: Next) -> Response {
    let mut response =
        if request.method() == Method::OPTIONS { preflight(&request) } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    response
}

fn preflight(request: &Request) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
    if let Some(asked) = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    response
}
