//! `GET /v1/version`: also the cheapest way to try a key.

use crate::kit::auth::{AnyKey, Caller};
use crate::kit::docs::KeyProblems;
use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// What this gateway is.
#[derive(Serialize, ToSchema)]
#[schema(as = Version, example = json!({
    "name": "enlace", "version": "0.1.0", "commit": null, "api": "v1",
    "simulator": true, "default_network": "simulator"
}))]
pub(crate) struct VersionView {
    /// Always `enlace`.
    name: &'static str,
    /// The version of the gateway.
    version: String,
    /// The commit it was built from, where known.
    commit: Option<String>,
    /// The version of this API.
    api: &'static str,
    /// Whether the simulated network is offered here.
    simulator: bool,
    /// The network of a session created without one.
    default_network: &'static str,
}

/// Read the version
///
/// What this gateway is and offers. Any valid key may ask, so a credential test can use it.
#[utoipa::path(
    get, path = "/v1/version", operation_id = "version_get", tag = "gateway",
    responses((status = 200, description = "What this gateway is.", body = VersionView), KeyProblems)
)]
pub(crate) async fn get(caller: Caller<AnyKey>) -> Json<VersionView> {
    let state = caller.state();
    Json(VersionView {
        name: "enlace",
        version: state.build.version.clone(),
        commit: state.build.commit.clone(),
        api: "v1",
        simulator: state.settings.simulator,
        default_network: state.settings.default_network.as_str(),
    })
}
