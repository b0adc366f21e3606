//! The in-process door as a transport of the library.

use crate::config::BytePipe;
use anyhow::Error;
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use wacore::net::{DisconnectReason, Transport, TransportEvent};

/// Chunks in flight towards the library; it reads them as fast as it can.
const IN_FLIGHT: usize = 16;

/// How long what the server still says is taken after we hung up.
const LINGER: Duration = Duration::from_secs(1);

/// Wraps a pipe. Its one task ends with the pipe, or soon after [`Transport::disconnect`] or the transport's drop.
pub(super) fn open(pipe: BytePipe) -> (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>) {
    let (events, heard) = async_channel::bounded(IN_FLIGHT);
    let hung_up = CancellationToken::new();
    tokio::spawn(pump(pipe.from_server, events, hung_up.clone()));
    let transport = PipeTransport { open: Mutex::new(Some((pipe.to_server, hung_up.drop_guard()))) };
    (Arc::new(transport), heard)
}

/// Carries what the server says. After we hung up it is thrown away, as a closing socket does: a server whose own words
/// find no taker would not hear our last ones.
async fn pump(
    mut from_server: mpsc::Receiver<Bytes>,
    events: async_channel::Sender<TransportEvent>,
    hung_up: CancellationToken,
) {
    if hung_up.run_until_cancelled(carry(&mut from_server, &events)).await.is_some() {
        return;
    }
    drop(events);
    let rest = async { while from_server.recv().await.is_some() {} };
    // A server that does not close has had its time.
    drop(tokio::time::timeout(LINGER, rest).await);
}

async fn carry(from_server: &mut mpsc::Receiver<Bytes>, events: &async_channel::Sender<TransportEvent>) {
    while let Some(data) = from_server.recv().await {
        if events.send(TransportEvent::DataReceived(data)).await.is_err() {
            return;
        }
    }
    // The only error is that nobody listens any more.
    drop(events.send(TransportEvent::Disconnected(DisconnectReason::StreamEnded)).await);
}

struct PipeTransport {
    open: Mutex<Option<(mpsc::Sender<Bytes>, DropGuard)>>,
}

#[async_trait]
impl Transport for PipeTransport {
    async fn send(&self, data: Bytes) -> Result<(), Error> {
        let to_server = self.open.lock().as_ref().map(|(to_server, _)| to_server.clone());
        let to_server = to_server.ok_or_else(|| Error::msg("the pipe is closed"))?;
        to_server.send(data).await.map_err(|_| Error::msg("the server closed the pipe"))
    }

    async fn disconnect(&self) {
        self.open.lock().take();
    }
}
