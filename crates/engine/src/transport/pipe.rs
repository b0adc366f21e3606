//! The in-process door as a transport of the library.

use crate::config::BytePipe;
use anyhow::Error;
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use wacore::net::{DisconnectReason, Transport, TransportEvent};

/// Chunks in flight towards the library; it reads them as fast as it can.
const IN_FLIGHT: usize = 16;

/// Wraps a pipe. Its one task ends with the pipe, with [`Transport::disconnect`], or when the transport is dropped.
pub(super) fn open(pipe: BytePipe) -> (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>) {
    let (events, heard) = async_channel::bounded(IN_FLIGHT);
    let stop = CancellationToken::new();
    tokio::spawn(stop.clone().run_until_cancelled_owned(pump(pipe.from_server, events)));
    let transport = PipeTransport { open: Mutex::new(Some((pipe.to_server, stop.drop_guard()))) };
    (Arc::new(transport), heard)
}

async fn pump(mut from_server: mpsc::Receiver<Bytes>, events: async_channel::Sender<TransportEvent>) {
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
