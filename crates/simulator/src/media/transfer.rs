//! Upload and download. A file goes to the disk as it comes, or stays in memory if the network has no folder.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, extract::DefaultBodyLimit};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::json;

use super::name_of;
use crate::state::network::Network;

/// The largest file that is taken, in bytes.
const MAX_FILE: usize = 2 * 1024 * 1024 * 1024;

#[derive(Deserialize)]
struct UploadQuery {
    resume: Option<String>,
}

pub(super) fn router(network: &Arc<Network>) -> Router {
    Router::new()
        .route("/mms/{*rest}", post(upload))
        .route("/v/{*rest}", get(download))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(network))
}

async fn upload(
    State(network): State<Arc<Network>>,
    Query(query): Query<UploadQuery>,
    body: Body,
) -> Response {
    if query.resume.is_some() {
        // Nothing half-sent is kept: clients then send from the beginning.
        return (StatusCode::NOT_FOUND, Json(json!({ "error": "nothing to resume" }))).into_response();
    }
    let mut incoming = Some(network.media.begin());
    let mut chunks = body.into_data_stream();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return StatusCode::BAD_REQUEST.into_response() };
        length += chunk.len();
        if length > MAX_FILE {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        // A client that is refused in the middle of its upload may not hear it: the rest is read and dropped.
        if let Some(file) = &mut incoming
            && let Err(error) = file.take(chunk).await
        {
            tracing::warn!(%error, "an upload is refused");
            incoming = None;
        }
    }
    let Some(incoming) = incoming else { return StatusCode::INSUFFICIENT_STORAGE.into_response() };
    match network.finish_media(incoming).await {
        Ok(direct_path) => {
            let url = format!("https://{}{direct_path}", network.media.host());
            Json(json!({ "url": url, "direct_path": direct_path })).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "an upload could not be kept");
            StatusCode::INSUFFICIENT_STORAGE.into_response()
        }
    }
}

async fn download(State(network): State<Arc<Network>>, Path(path): Path<String>) -> Response {
    let Some(name) = name_of(&path) else { return StatusCode::NOT_FOUND.into_response() };
    match network.media.stream(name).await {
        Some((length, body)) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_LENGTH, length.to_string()),
            ];
            (headers, body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
