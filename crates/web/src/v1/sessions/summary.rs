//! `GET /v1/sessions/summary`

use crate::kit::auth::{Caller, Reads};
use crate::kit::docs::KeyProblems;
use axum::Json;
use enlace_domain::session::StateName;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How many sessions are in each state.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionSummary, example = json!({"total": 3, "states": {"online": 2, "unlinked": 1}}))]
pub(crate) struct Summary {
    /// How many sessions there are.
    total: u64,
    /// How many of them are in each state; every state is named.
    #[schema(value_type = Object)]
    states: BTreeMap<StateName, u64>,
}

/// Count sessions
///
/// How many sessions within reach of this key are in each state.
#[utoipa::path(
    get, path = "/v1/sessions/summary", operation_id = "session_summary", tag = "sessions",
    responses((status = 200, description = "Counts by state.", body = Summary), KeyProblems)
)]
pub(crate) async fn summary(caller: Caller<Reads>) -> Json<Summary> {
    let states = caller.gateway().summary(|session| caller.key().reaches(&session.id));
    Json(Summary { total: states.values().sum(), states })
}
