//! The ways into the network: a byte pipe within the process, and WebSockets. Owns only the carrying of bytes.

pub(crate) mod websocket;

use bytes::Bytes;
use tokio::sync::mpsc;

/// Chunks a pipe holds before its writer waits.
const PIPE_CHUNKS: usize = 32;

/// A client's end of the in-process door: a raw byte stream in both directions, intro included. A chunk may hold part of a
/// frame or several. Dropping either half ends the connection; `from_server` ends when the server closes.
#[derive(Debug)]
pub struct Pipe {
    /// Bytes to the server.
    pub to_server: mpsc::Sender<Bytes>,
    /// Bytes from the server.
    pub from_server: mpsc::Receiver<Bytes>,
}

/// The server's end of a door.
pub(crate) enum Door {
    Pipe { from_client: mpsc::Receiver<Bytes>, to_client: mpsc::Sender<Bytes> },
    WebSocket(Box<axum::extract::ws::WebSocket>),
}

/// The other side is gone.
#[derive(Debug, thiserror::Error)]
#[error("the client is gone")]
pub(crate) struct Gone;

impl Door {
    /// Both ends of an in-process door.
    pub(crate) fn pipe() -> (Pipe, Self) {
        let (to_server, from_client) = mpsc::channel(PIPE_CHUNKS);
        let (to_client, from_server) = mpsc::channel(PIPE_CHUNKS);
        (Pipe { to_server, from_server }, Self::Pipe { from_client, to_client })
    }

    /// How the door is called in lists.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Pipe { .. } => "pipe",
            Self::WebSocket(_) => "websocket",
        }
    }

    /// The next bytes; `None` once the client is gone. May be dropped and called again without loss.
    pub(crate) async fn receive(&mut self) -> Option<Bytes> {
        match self {
            Self::Pipe { from_client, to_client } => tokio::select! {
                // What the client said before it went is still heard, as on a socket.
                biased;
                chunk = from_client.recv() => chunk,
                () = to_client.closed() => None,
            },
            Self::WebSocket(socket) => websocket::receive(socket).await,
        }
    }

    pub(crate) async fn send(&mut self, bytes: Bytes) -> Result<(), Gone> {
        match self {
            Self::Pipe { to_client, .. } => to_client.send(bytes).await.map_err(|_| Gone),
            Self::WebSocket(socket) => websocket::send(socket, bytes).await,
        }
    }

    /// Ends the connection in the door's own way, after everything that was sent.
    pub(crate) async fn close(self) {
        match self {
            // A pipe ends when it is dropped; what it holds is still read.
            Self::Pipe { .. } => {}
            Self::WebSocket(socket) => websocket::close(*socket).await,
        }
    }
}
