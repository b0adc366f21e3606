//! The library's runtime for one connection: Tokio, with every task on a leash and, while linking to a simulator, with
//! shortened sleeps.

use async_trait::async_trait;
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};
use wacore::runtime::{AbortHandle, Runtime};

type Task = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Spawns the library's tasks so that all of them can be ended, counted, and told apart in logs.
pub(crate) struct ConnectionRuntime {
    handle: Handle,
    tasks: TaskTracker,
    stop: CancellationToken,
    panicked: CancellationToken,
    span: Span,
    speed: f64,
}

impl ConnectionRuntime {
    /// Must be called inside a Tokio runtime. `panicked` is cancelled when a task of the library panics.
    pub(crate) fn new(span: Span, speed: f64, panicked: CancellationToken) -> Self {
        Self {
            handle: Handle::current(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            panicked,
            span,
            speed,
        }
    }

    /// A duration as this connection's library lives it.
    pub(crate) fn hasten(&self, duration: Duration) -> Duration {
        duration.div_f64(self.speed)
    }

    /// Tasks alive.
    pub(crate) fn alive(&self) -> usize {
        self.tasks.len()
    }

    /// Ends every task without waiting for it.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    /// Ends every task and waits until they are gone, at most `within`.
    pub(crate) async fn end(&self, within: Duration) {
        self.stop();
        if tokio::time::timeout(within, self.tasks.wait()).await.is_err() {
            tracing::warn!(alive = self.alive(), "tasks of the WhatsApp library do not end");
        }
    }

    fn start(&self, future: Task) -> tokio::task::JoinHandle<()> {
        let panicked = self.panicked.clone();
        let guarded = async move {
            if AssertUnwindSafe(future).catch_unwind().await.is_err() {
                panicked.cancel();
            }
        };
        let leashed = self.stop.clone().run_until_cancelled_owned(guarded).map(drop);
        self.tasks.spawn_on(leashed.instrument(self.span.clone()), &self.handle)
    }
}

#[async_trait]
impl Runtime for ConnectionRuntime {
    fn spawn(&self, future: Task) -> AbortHandle {
        let task = self.start(future);
        AbortHandle::new(move || task.abort())
    }

    fn spawn_detached(&self, future: Task) {
        drop(self.start(future));
    }

    fn sleep(&self, duration: Duration) -> Task {
        Box::pin(tokio::time::sleep(self.hasten(duration)))
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send + 'static>) -> Task {
        let work = self.handle.spawn_blocking(work);
        Box::pin(async move { drop(work.await) })
    }

    fn yield_now(&self) -> Option<Task> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn runtime(speed: f64) -> Arc<ConnectionRuntime> {
        Arc::new(ConnectionRuntime::new(Span::none(), speed, CancellationToken::new()))
    }

    #[tokio::test]
    async fn no_task_outlives_the_end() {
        let runtime = runtime(1.0);
        for _ in 0..3 {
            runtime.spawn_detached(Box::pin(std::future::pending()));
        }
        runtime.spawn(Box::pin(std::future::pending())).detach();
        assert_eq!(runtime.alive(), 4);
        runtime.end(Duration::from_secs(5)).await;
        assert_eq!(runtime.alive(), 0);
    }

    #[tokio::test]
    async fn a_panic_in_a_task_is_told_and_goes_no_further() {
        let panicked = CancellationToken::new();
        let runtime = ConnectionRuntime::new(Span::none(), 1.0, panicked.clone());
        runtime
            .spawn_detached(Box::pin(async { std::panic::resume_unwind(Box::new("one session's trouble")) }));
        panicked.cancelled().await;
        runtime.end(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn waits_are_divided_by_the_speed() {
        let runtime = runtime(20.0);
        assert_eq!(runtime.hasten(Duration::from_mins(1)), Duration::from_secs(3));
    }
}
