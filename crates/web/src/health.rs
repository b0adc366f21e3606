//! Whether the process lives and serves: `/livez` and `/readyz`, without a key.

use crate::kit::own::Own;
use crate::kit::problem::{Problem, ProblemBody};
use crate::kit::state::Shared;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// One word.
#[derive(Serialize, ToSchema)]
#[schema(as = Health, example = json!({"status": "ready"}))]
pub(crate) struct Health {
    /// `alive` or `ready`.
    status: &'static str,
}

pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(livez)).routes(routes!(readyz))
}

/// Is it alive
///
/// Answers as long as the process can answer at all.
#[utoipa::path(
    get, path = "/livez", operation_id = "gateway_live", tag = "gateway", security(()),
    responses((status = 200, description = "It lives.", body = Health))
)]
pub(crate) async fn livez() -> Json<Health> {
    Json(Health { status: "alive" })
}

/// Is it ready
///
/// Whether requests are served: not yet while it starts, no longer while it stops.
#[utoipa::path(
    get, path = "/readyz", operation_id = "gateway_ready", tag = "gateway", security(()),
    responses(
        (status = 200, description = "It serves.", body = Health),
        (status = 503, description = "Not now: `not-ready`.",
            body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn readyz(State(state): State<Shared>) -> Result<Json<Health>, Problem> {
    if state.ready() {
        return Ok(Json(Health { status: "ready" }));
    }
    Err(Problem::new(Own::NotReady, "the gateway is starting or stopping; ask again"))
}
