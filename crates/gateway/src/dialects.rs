//! The foreign APIs in their places: under their prefixes, under host names, and on listeners of their own.

use crate::running::{Listening, RunningError, listen};
use crate::settings::Settings;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::Response;
use enlace_dialects::DialectState;
use enlace_domain::alias::Dialect;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// Listeners of dialects, bound before anything is changed.
pub(crate) struct Places(Vec<(Dialect, TcpListener)>);

/// Binds the listeners that dialects have of their own.
pub(crate) async fn bind(settings: &Settings) -> Result<Places, RunningError> {
    let mut places = Vec::new();
    for dialect in Dialect::ALL {
        let place = settings.dialect(dialect);
        if place.enabled && !place.listen.is_empty() {
            places.push((dialect, listen(&place.listen).await?));
        }
    }
    Ok(Places(places))
}

/// Puts every dialect that is served into a router, and opens those listeners.
pub(crate) fn mount(
    settings: &Settings,
    state: &DialectState,
    places: Places,
    mut router: Router,
) -> (Router, Vec<(Dialect, Listening)>) {
    let mut hosts = HashMap::new();
    for dialect in Dialect::ALL {
        let place = settings.dialect(dialect);
        if !place.enabled {
            continue;
        }
        let routes = enlace_dialects::router(dialect, state.clone());
        if !place.host.is_empty() {
            hosts.insert(place.host.to_ascii_lowercase(), routes.clone());
        }
        router = router.nest(&format!("/{}", dialect.as_str()), routes);
    }
    let listening = places.0.into_iter().map(|(dialect, listener)| {
        let routes = enlace_dialects::router(dialect, state.clone());
        (dialect, Listening::start(listener, routes))
    });
    let listening = listening.collect();
    if !hosts.is_empty() {
        router = router.layer(middleware::from_fn_with_state(Arc::new(hosts), by_host));
    }
    (router, listening)
}

/// A request for a dialect's host name is the dialect's.
async fn by_host(
    State(hosts): State<Arc<HashMap<String, Router>>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    match hosts.get(&name).cloned() {
        Some(routes) => routes.oneshot(request).await.unwrap_or_else(|never| match never {}),
        None => next.run(request).await,
    }
}
