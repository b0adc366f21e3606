//! `Idempotency-Key`: the caller's own name for one request, and a fingerprint of what it stands for.

use crate::kit::problem::Problem;
use axum::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

const HEADER: &str = "Idempotency-Key";
const NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key, in characters.
const MAX: usize = 255;

/// The key of a request, when it has one. An empty one counts as none.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(NAME) else { return Ok(None) };
    // `to_str` refuses what is not printable.
    match value.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(key) if key.len() <= MAX => Ok(Some(key.to_owned())),
        _ => Err(Problem::field(HEADER, format!("{HEADER} is 1 to {MAX} printable ASCII characters"))),
    }
}

/// SHA-256 over method, path and body; the body as [`crate::kit::body::Body::canonical`], so that only another request
/// differs.
pub(super) fn fingerprint(method: &str, path: &str, canonical_body: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [method, path, canonical_body] {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    hash.finalize().into()
}
