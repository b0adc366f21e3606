//! The WebSocket door `/ws/chat`: binary messages carry the same byte stream as the pipe.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;

use super::{Door, Gone};
use crate::server::serve;
use crate::state::network::Network;

/// Buffers per socket; an idle client should cost little.
const BUFFER: usize = 4 * 1024;

/// A client that does not answer a close frame in this time is left without one.
const CLOSING: Duration = Duration::from_secs(2);

/// Upgrades a request.
pub(crate) fn chat(network: Arc<Network>, peer: Option<SocketAddr>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(serve::MAX_FRAME)
        .max_frame_size(serve::MAX_FRAME)
        .on_upgrade(move |socket| async move {
            let door = Door::WebSocket(Box::new(socket));
            // Within the network's own tasks, so that a shutdown waits for it.
            let task = network.tasks.spawn(serve::serve(Arc::clone(&network), door, peer));
            drop(task.await);
        })
}

pub(super) async fn receive(socket: &mut WebSocket) -> Option<Bytes> {
    loop {
        match socket.recv().await? {
            Ok(Message::Binary(bytes)) => return Some(bytes),
            Ok(Message::Close(_)) | Err(_) => return None,
            // Real clients send no text; pings are answered by the protocol layer.
            Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_)) => {}
        }
    }
}

pub(super) async fn send(socket: &mut WebSocket, bytes: Bytes) -> Result<(), Gone> {
    socket.send(Message::Binary(bytes)).await.map_err(|_| Gone)
}

/// Says that this is the end, and hears the client out: a socket that is dropped with bytes unread is reset, which would
/// take from the client what it has not read yet.
pub(super) async fn close(mut socket: WebSocket) {
    let goodbye = async {
        // A client that closed first is answered by the protocol layer, while it is read.
        drop(socket.send(Message::Close(None)).await);
        while let Some(Ok(_)) = socket.recv().await {}
    };
    drop(tokio::time::timeout(CLOSING, goodbye).await);
}
