//! The WebSocket door, with a client written out here: how connections end, and clients that read nothing.

use bytes::Bytes;
use enlace_simulator::{Pipe, SimulatorConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::companion::Companion;
use crate::control::Api;
use crate::messages::until;

const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// How the server ended a connection.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// With a close frame, which was answered; then it hung up.
    Closed,
    /// It hung up without one.
    HungUp,
}

/// Opens the door. What is not taken from the pipe is not read from the socket either.
async fn open(api: &Api) -> (Pipe, JoinHandle<End>) {
    let address = api.base.strip_prefix("http://").unwrap().parse().unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let (mut reader, mut writer) = socket.connect(address).await.unwrap().into_split();
    let upgrade = format!(
        "GET /ws/chat HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Origin: https://web.whatsapp.com\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    writer.write_all(upgrade.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(reader.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    let (to_server, mut from_test) = mpsc::channel::<Bytes>(1);
    let (to_test, from_server) = mpsc::channel(1);
    let (closing, mut closed) = mpsc::channel::<()>(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                bytes = from_test.recv() => match bytes {
                    Some(bytes) => write(&mut writer, BINARY, &bytes).await,
                    None => return,
                },
                Some(()) = closed.recv() => return write(&mut writer, CLOSE, &[]).await,
            }
        }
    });
    let reading = tokio::spawn(async move {
        while let Some((kind, payload)) = read(&mut reader).await {
            if kind == CLOSE {
                closing.send(()).await.unwrap();
                assert!(read(&mut reader).await.is_none(), "nothing follows a close frame");
                return End::Closed;
            }
            assert_eq!(kind, BINARY);
            // A test that dropped its end wants nothing more.
            let _ = to_test.send(Bytes::from(payload)).await;
        }
        End::HungUp
    });
    (Pipe { to_server, from_server }, reading)
}

/// A whole frame under the mask 0, which changes nothing.
async fn write(writer: &mut OwnedWriteHalf, kind: u8, payload: &[u8]) {
    let mut frame = vec![0x80 | kind];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    // A server that is gone shows when it is read from.
    let _ = writer.write_all(&frame).await;
}

async fn read(reader: &mut OwnedReadHalf) -> Option<(u8, Vec<u8>)> {
    let kind = reader.read_u8().await.ok()?;
    assert_eq!(kind & 0x80, 0x80, "the server sends whole frames");
    let length = match reader.read_u8().await.ok()? {
        126 => u64::from(reader.read_u16().await.ok()?),
        127 => reader.read_u64().await.ok()?,
        short => u64::from(short),
    };
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    reader.read_exact(&mut payload).await.ok()?;
    Some((kind & 0x0F, payload))
}

#[tokio::test]
async fn a_connection_ends_with_its_last_word_and_a_close_frame() {
    let api = Api::start().await;
    let ana = api.simulator.phone("Ana").await.unwrap();
    let (mut companion, _socket) = Companion::link(&api.simulator, &ana).await;
    let (pipe, ended) = open(&api).await;
    let (mut socket, _) = companion.log_in_by(pipe).await;
    ana.unlink(1).await.unwrap();
    assert_eq!(socket.until_end().await.last().unwrap().tag, "stream:error");
    assert_eq!(ended.await.unwrap(), End::Closed);
    until(|| api.simulator.connections().is_empty()).await;
}

#[tokio::test]
async fn a_client_from_another_origin_or_none_is_refused() {
    let api = Api::start().await;
    let address = api.base.strip_prefix("http://").unwrap();
    for (origin, status) in [
        ("Origin: https://web.whatsapp.com\r\n", "101"),
        ("Origin: https://example.com\r\n", "403"),
        ("Origin: null\r\n", "403"),
        ("", "403"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let upgrade = format!(
            "GET /ws/chat HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{origin}\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(upgrade.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head[..], format!("HTTP/1.1 {status}").as_bytes(), "{origin:?}");
    }
}

#[tokio::test]
async fn a_network_that_shuts_down_closes_and_a_cut_does_not() {
    let api = Api::start().await;
    let companion = Companion::new(&api.simulator);
    let (pipe, cut) = open(&api).await;
    let mut socket = companion.connect_by(pipe).await;
    socket.receive().await.unwrap();
    let order = serde_json::json!({ "kind": "cut" });
    assert_eq!(api.simulator.fault(serde_json::from_value(order).unwrap()).unwrap(), 1);
    assert_eq!(cut.await.unwrap(), End::HungUp);

    let (pipe, ended) = open(&api).await;
    let mut socket = companion.connect_by(pipe).await;
    socket.receive().await.unwrap();
    api.simulator.shutdown().await;
    assert_eq!(ended.await.unwrap(), End::Closed);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_cut_and_loses_nothing() {
    let api = Api::with(SimulatorConfig { stall_seconds: 5, ..SimulatorConfig::default() }).await;
    let ana = api.simulator.phone("Ana").await.unwrap();
    let bruno = api.simulator.phone("Bruno").await.unwrap();
    let (mut companion, socket) = Companion::link(&api.simulator, &ana).await;
    drop(socket);
    let (pipe, _reading) = open(&api).await;
    let (_unread, _) = companion.log_in_by(pipe).await;
    // More than the system keeps for a socket.
    let (text, count) = ("🦀".repeat(65_536), 60);
    for _ in 0..count {
        bruno.send_text(&ana.number(), &text).await.unwrap();
    }
    until(|| api.simulator.connections().is_empty()).await;
    assert!(!ana.devices()[0].online);
    let (_socket, waited) = companion.log_in(&api.simulator).await;
    assert_eq!(waited.iter().filter(|node| node.tag == "message").count(), count);
}
