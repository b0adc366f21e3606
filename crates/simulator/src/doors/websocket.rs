//! The WebSocket door `/ws/chat`: binary messages carry the same byte stream as the pipe.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use bytes::Bytes;

use super::{Door, Gone};
use crate::server::serve;
use crate::state::network::Network;

/// Buffers per socket; an idle client should cost little.
const BUFFER: usize = 4 * 1024;

/// Upgrades a request.
pub(crate) async fn chat(
    State(network): State<Arc<Network>>,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let peer = peer.map(|axum::Extension(ConnectInfo(address))| address);
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
