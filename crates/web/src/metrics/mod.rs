//! What a Prometheus server reads at `/metrics`: counters that live with the process, and gauges taken at each reading.

mod counters;
mod expose;
mod gauges;

pub use counters::Metrics;

use crate::kit::state::Shared;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(expose::expose))
}
