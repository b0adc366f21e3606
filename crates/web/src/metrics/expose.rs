//! `GET /metrics`

use super::gauges;
use crate::kit::auth::{Caller, Reads};
use crate::kit::docs::KeyProblems;
use axum::http::header;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The text format of OpenMetrics, which Prometheus reads.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Read metrics
///
/// For a Prometheus server: sessions by state, how long each has been silent, and what happened since the process began
/// (links, reconnections, events). A key limited to sessions gets the gauges of these and no counters.
#[utoipa::path(
    get, path = "/metrics", operation_id = "gateway_metrics", tag = "gateway",
    responses(
        (status = 200, description = "Metrics in the text format of OpenMetrics; every name begins with `enlace_`.",
            body = String, content_type = "application/openmetrics-text"),
        KeyProblems,
    )
)]
pub(crate) async fn expose(caller: Caller<Reads>) -> impl IntoResponse {
    let state = caller.state();
    let mut registry = Registry::with_prefix("enlace");
    let build = Family::<[(&'static str, String); 1], Gauge>::default();
    build.get_or_create(&[("version", state.build.version.clone())]).set(1);
    registry.register("build", "Which build this is; always 1", build);
    let mut snapshots = caller.gateway().snapshots();
    snapshots.retain(|snapshot| caller.key().reaches(&snapshot.session.id));
    gauges::register(&snapshots, state.clock.now(), &mut registry);
    if caller.key().sessions.is_none() {
        state.metrics.register(&mut registry);
    }
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes every text");
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text)
}
