//! The ways out of here: through a session's proxy and in no other way, and one's turn to dial WhatsApp.

use crate::support::{Stores, closed_port, engine_config, recorder, session};
use axum::serve::ListenerExt as _;
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::port::{ConnectionEvent, EndReason, WhatsApp};
use enlace_domain::proxy::Proxy;
use enlace_domain::session::Network;
use enlace_engine::{DialPace, Door, SimulatorNetwork, VersionPolicy, WebEngine, WhatsappNetwork};
use enlace_simulator::{Simulator, SimulatorConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What a SOCKS proxy wants.
const LOGIN: &[u8] = b"\x01\x03ana\x06secret";

/// A SOCKS proxy that wants a user and a password; gives its port, and how many ways it opened.
async fn socks() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let opened = Arc::new(AtomicUsize::new(0));
    let count = opened.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One that is hung up on has nothing more to do.
            tokio::spawn(lead(stream, count.clone()));
        }
    });
    (port, opened)
}

async fn lead(mut stream: TcpStream, count: Arc<AtomicUsize>) -> std::io::Result<()> {
    let [_, methods] = [stream.read_u8().await?, stream.read_u8().await?];
    let mut offered = vec![0; methods.into()];
    stream.read_exact(&mut offered).await?;
    if !offered.contains(&2) {
        return stream.write_all(&[5, 0xFF]).await;
    }
    stream.write_all(&[5, 2]).await?;
    let mut login = vec![0; LOGIN.len()];
    stream.read_exact(&mut login).await?;
    if login != LOGIN {
        return stream.write_all(&[1, 1]).await;
    }
    stream.write_all(&[1, 0]).await?;
    let mut request = [0; 10];
    stream.read_exact(&mut request).await?;
    let [5, 1, 0, 1, a, b, c, d, high, low] = request else { panic!("{request:?}") };
    let mut other =
        TcpStream::connect(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low])))).await?;
    count.fetch_add(1, Ordering::SeqCst);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut other).await?;
    Ok(())
}

fn request(network: Network, linked: bool, proxy: Option<&str>) -> OpenRequest {
    let proxy = proxy.map(|text| Proxy::parse(text).unwrap());
    OpenRequest { session: session("ana"), network, linked, mark_online: false, proxy }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_links_and_comes_back_through_its_proxy_or_not_at_all() {
    let simulator = Simulator::start(SimulatorConfig { speed: 5.0, ..SimulatorConfig::default() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Whoever comes to the network is counted at its door.
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    let listener = listener.tap_io(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let service = simulator.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: simulator.noise_static_public_key(),
        door: Door::WebSocket(format!("ws://{address}/ws/chat")),
        media_ca_pem: None,
        speed: 5.0,
    });
    let engine = WebEngine::new(config);
    let (port, opened) = socks().await;
    let good = format!("socks5://ana:secret@127.0.0.1:{port}");

    let ana = simulator.phone("Ana").await.unwrap();
    let (inbox, mut heard) = recorder();
    engine.open(request(Network::Simulator, false, Some(&good)), inbox).await.unwrap();
    ana.scan(&heard.qr().await).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (inbox, mut heard) = recorder();
    let connection = engine.open(request(Network::Simulator, true, Some(&good)), inbox).await.unwrap();
    heard.online().await;
    connection.close().await;
    assert_eq!((opened.load(Ordering::SeqCst), came.load(Ordering::SeqCst)), (2, 2));

    let (_held, closed) = closed_port();
    for (proxy, reason) in [
        (format!("socks5://ana:wrong1@127.0.0.1:{port}"), "proxy-auth-required"),
        (format!("socks5://127.0.0.1:{port}"), "proxy-auth-required"),
        (format!("http://127.0.0.1:{closed}"), "proxy-refused"),
    ] {
        let (inbox, mut heard) = recorder();
        engine.open(request(Network::Simulator, true, Some(&proxy)), inbox).await.unwrap();
        assert_eq!(heard.ended().await, EndReason::Lost { reason: reason.to_owned() }, "{proxy}");
        assert_eq!(came.load(Ordering::SeqCst), 2, "it went around the proxy");
    }
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatsapp_is_dialled_when_it_is_ones_turn_and_who_waits_can_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.whatsapp = Some(WhatsappNetwork {
        url: format!("ws://{}/ws/chat", listener.local_addr().unwrap()),
        version: VersionPolicy { url: String::new(), ..VersionPolicy::default() },
        // One now, the next after a quarter of an hour.
        pace: DialPace { per_second: 0.001, burst: 1 },
        ..WhatsappNetwork::default()
    });
    let engine = WebEngine::new(config);
    let (inbox, _first) = recorder();
    let first = engine.open(request(Network::Whatsapp, false, None), inbox).await.unwrap();
    let (_dialled, _) = listener.accept().await.unwrap();

    let (inbox, mut second) = recorder();
    let waiting = OpenRequest { session: session("bruno"), ..request(Network::Whatsapp, false, None) };
    let waiting = engine.open(waiting, inbox).await.unwrap();
    assert!(matches!(second.event().await, ConnectionEvent::Queued));
    waiting.close().await;
    assert_eq!(second.ended().await, EndReason::Closed);
    first.close().await;
    // Whoever had dialled would be in the listener's queue.
    let listener = listener.into_std().unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
