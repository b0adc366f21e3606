//! Looking into the network: where it is, who is connected, what was said.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::problem::Problem;
use crate::simulator::{ConnectionInfo, SimulatorInfo};
use crate::state::network::Network;
use crate::trace::Direction;

pub(super) async fn info(State(network): State<Arc<Network>>, headers: HeaderMap) -> Json<SimulatorInfo> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    Json(crate::simulator::info(&network, &format!("http://{host}")))
}

pub(super) async fn connections(State(network): State<Arc<Network>>) -> Json<Vec<ConnectionInfo>> {
    Json(crate::simulator::connections(&network))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TraceQuery {
    connection: Option<u64>,
    #[serde(default)]
    after: u64,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Text,
    Json,
}

pub(super) async fn trace(
    State(network): State<Arc<Network>>,
    query: Result<Query<TraceQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| {
        Problem::invalid(format!(
            "{}; `connection` and `after` are numbers, `format` is text or json",
            error.body_text()
        ))
    })?;
    let lines = network.trace.lines(query.connection, query.after);
    if matches!(query.format, Format::Json) {
        return Ok(Json(lines).into_response());
    }
    let mut text = String::new();
    for line in lines {
        let arrow = match line.direction {
            Direction::FromClient => "C→S",
            Direction::FromServer => "S→C",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{} {} {arrow} {} {}", line.seq, line.at, line.connection, line.xml);
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

pub(super) async fn clear_trace(State(network): State<Arc<Network>>) -> StatusCode {
    network.trace.clear();
    StatusCode::NO_CONTENT
}
