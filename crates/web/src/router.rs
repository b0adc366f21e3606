//! All routes and what is around them.

use crate::kit::client;
use crate::kit::envelope::{envelope, panicked, unknown_route};
use crate::kit::state::{Shared, WebState};
use crate::openapi::Frame;
use crate::{health, metrics, planned, rules, v1};
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::get;
use axum::{Router, middleware};
use bytes::Bytes;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa::openapi::ServerBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

const OPENAPI_PATH: &str = "/v1/openapi.json";

/// The API as an HTTP service.
pub fn router(state: WebState) -> Router {
    let body_limit = state.body_limit;
    let (routes, mut document) = documented().split_for_parts();
    let public_url = state.settings.public_url.as_ref();
    document.servers = public_url.map(|url| vec![ServerBuilder::new().url(url).build()]);
    let proxies = state.trusted_proxies.clone();
    let document = Bytes::from(text(&document));
    let serve_document = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    routes
        .route(OPENAPI_PATH, get(serve_document))
        .merge(SwaggerUi::new("/docs").config(Config::from(OPENAPI_PATH)))
        .fallback(unknown_route)
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(envelope))
        .layer(middleware::from_fn_with_state(proxies, client::note))
        .with_state(Shared::new(state))
}

/// The OpenAPI 3.1 document as JSON text, the same that is served at `/v1/openapi.json`.
pub fn openapi() -> String {
    text(&documented().into_openapi())
}

fn documented() -> OpenApiRouter<Shared> {
    let mut router = OpenApiRouter::with_openapi(Frame::openapi())
        .merge(v1::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(planned::routes());
    rules::write(router.get_openapi_mut());
    router
}

fn text(document: &utoipa::openapi::OpenApi) -> String {
    let mut text = document.to_pretty_json().expect("a document is plain data with text keys");
    text.push('\n');
    text
}
