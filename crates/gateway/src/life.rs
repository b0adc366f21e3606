//! How the process ends: a first signal asks for an orderly end, a second one does not wait for it.

use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// How an orderly end came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything was closed.
    Orderly,
    /// The time was over, or a second signal came. Nothing stored is lost: every write was durable when it returned.
    Cut,
}

/// SIGINT and SIGTERM (Ctrl-C elsewhere), listened to from the moment this is made.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs an orderly end, for at most `limit` and until another signal.
    pub(crate) async fn bound(&mut self, end: impl Future<Output = ()>, limit: Duration) -> Ending {
        tokio::select! {
            done = timeout(limit, end) => if done.is_ok() { Ending::Orderly } else { Ending::Cut },
            () = self.next() => Ending::Cut,
        }
    }
}
