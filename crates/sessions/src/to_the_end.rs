//! A caller who hangs up must not leave a job half done.

use crate::error::GatewayError;
use std::future::Future;

/// Runs a job to its end even when the caller stops waiting for it, as a web server does when its client leaves.
pub(crate) async fn to_the_end<T: Send + 'static>(
    job: impl Future<Output = Result<T, GatewayError>> + Send + 'static,
) -> Result<T, GatewayError> {
    match tokio::spawn(job).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a job failed");
            Err(GatewayError::WorkerRestarted)
        }
    }
}
