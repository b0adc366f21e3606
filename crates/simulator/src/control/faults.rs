//! Ordering trouble.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::{Body, PathOf};
use super::problem::Problem;
use crate::error::SimulatorError;
use crate::faults::{Fault, FaultKind, OrderedFault};
use crate::state::network::Network;

pub(super) async fn order(
    State(network): State<Arc<Network>>,
    Body(order): Body<Value>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let kind = order.get("kind").and_then(Value::as_str).unwrap_or_default();
    if !FaultKind::ALL.contains(&kind) {
        return Err(Problem::invalid(format!("`kind` must be one of {}", FaultKind::ALL.join(", "))));
    }
    let fault: Fault =
        serde_json::from_value(order).map_err(|error| Problem::invalid(format!("the fault: {error}")))?;
    let (id, struck) = network.order_fault(fault)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "struck": struck }))))
}

pub(super) async fn list(State(network): State<Arc<Network>>) -> Json<Vec<OrderedFault>> {
    Json(network.faults.list())
}

pub(super) async fn clear(State(network): State<Arc<Network>>) -> StatusCode {
    network.faults.clear();
    StatusCode::NO_CONTENT
}

pub(super) async fn remove(
    State(network): State<Arc<Network>>,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, Problem> {
    let known = id.parse().is_ok_and(|id| network.faults.remove(id));
    if known { Ok(StatusCode::NO_CONTENT) } else { Err(SimulatorError::UnknownFault.into()) }
}
