//! A proxy of one session's own. A QR does not say on which connection it is shown; with this between, the network's list
//! of connections does.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The longest head of a request for a way out.
const HEAD: usize = 8 * 1024;

/// An HTTP proxy on loopback. It works until the bench ends, because its session may stay online.
pub(crate) struct Wire {
    /// Its address.
    pub(crate) url: String,
    /// From where its newest connection goes on.
    from: Arc<AtomicU16>,
}

impl Wire {
    /// Listens.
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let from = Arc::new(AtomicU16::new(0));
        let newest = Arc::clone(&from);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // One that is hung up on has nothing more to do.
                tokio::spawn(lead(client, Arc::clone(&newest)));
            }
        });
        Ok(Self { url, from })
    }

    /// How the network's list names the newest connection.
    pub(crate) fn peer(&self) -> String {
        format!("127.0.0.1:{}", self.from.load(Ordering::Acquire))
    }
}

async fn lead(mut client: TcpStream, from: Arc<AtomicU16>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    // CONNECT host:port HTTP/1.1
    let mut network = TcpStream::connect(head.split(' ').nth(1).unwrap_or_default()).await?;
    client.set_nodelay(true)?;
    network.set_nodelay(true)?;
    from.store(network.local_addr()?.port(), Ordering::Release);
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut network).await.map(drop)
}
