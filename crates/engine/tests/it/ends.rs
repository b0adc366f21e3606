//! How connections end, and that nothing is left of them.

use crate::support::{Stores, closed_port, door, engine_config, eventually, recorder, session, world};
use enlace_domain::port::whatsapp::OpenRequest;
use enlace_domain::port::{ConnectionEvent, EndReason, EngineError, WhatsApp};
use enlace_domain::session::Network;
use enlace_engine::{Door, SimulatorNetwork, VersionPolicy, WebEngine, WhatsappNetwork};
use enlace_simulator::{Direction, Fault, FaultKind, Simulator, SimulatorConfig};
use std::net::SocketAddr;
use std::sync::Arc;

fn lost(reason: &str) -> EndReason {
    EndReason::Lost { reason: reason.to_owned() }
}

fn fault(kind: FaultKind, code: Option<u16>) -> Fault {
    Fault { code, seconds: Some(600), ..Fault::new(kind) }
}

fn request(name: &str, network: Network, linked: bool) -> OpenRequest {
    OpenRequest { session: session(name), network, linked, mark_online: false, proxy: None }
}

/// WhatsApp as a test may name it: nothing is asked of the world outside.
fn no_page() -> WhatsappNetwork {
    let version = VersionPolicy { url: String::new(), ..VersionPolicy::default() };
    WhatsappNetwork { version, ..WhatsappNetwork::default() }
}

/// The simulator's WebSocket door on a free port.
async fn served(simulator: &Simulator) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = simulator.router().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("ws://{address}/ws/chat")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_whatsapp_refuses_a_simulated_server() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let url = served(&simulator).await;
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.whatsapp = Some(WhatsappNetwork { url, ..no_page() });
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: simulator.noise_static_public_key(),
        door: door(&simulator),
        media_ca_pem: None,
        speed: 1.0,
    });
    let engine = WebEngine::new(config);
    let (inbox, mut heard) = recorder();
    engine.open(request("ana", Network::Whatsapp, false), inbox).await.unwrap();
    let ConnectionEvent::Ended(reason) = heard.event().await else { panic!("it went further than the dial") };
    assert_eq!(reason, lost("certificate-refused"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_key_is_refused() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: [9; 32],
        door: door(&simulator),
        media_ca_pem: None,
        speed: 1.0,
    });
    let engine = WebEngine::new(config);
    let (inbox, mut heard) = recorder();
    engine.open(request("ana", Network::Simulator, false), inbox).await.unwrap();
    let reason = heard.ended().await;
    assert!([lost("certificate-refused"), lost("handshake-failed")].contains(&reason), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_is_a_failed_dial_and_its_code_request_says_so() {
    let (_held, closed) = closed_port();
    let url = format!("ws://127.0.0.1:{closed}/ws/chat");
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.whatsapp = Some(WhatsappNetwork { url, ..no_page() });
    let engine = WebEngine::new(config);
    let (inbox, mut heard) = recorder();
    let connection = engine.open(request("ana", Network::Whatsapp, false), inbox).await.unwrap();
    assert_eq!(heard.ended().await, lost("dial-failed"));
    let phone = enlace_domain::address::PhoneNumber::parse("999100000001").unwrap();
    let error = connection.request_code(&phone, None).await.unwrap_err();
    assert!(matches!(error, EngineError::Ended | EngineError::Unreachable { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_not_configured_is_not_offered() {
    let world = world(1.0);
    assert!(world.engine.offers(Network::Simulator));
    assert!(!world.engine.offers(Network::Whatsapp));
    let (inbox, _heard) = recorder();
    let refused = world.engine.open(request("ana", Network::Whatsapp, false), inbox).await;
    assert!(matches!(refused.err(), Some(EngineError::NetworkUnavailable(Network::Whatsapp))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_links_and_comes_back_over_the_web_socket_too() {
    let simulator = Simulator::start(SimulatorConfig { speed: 10.0, ..SimulatorConfig::default() }).unwrap();
    let stores = Stores::default();
    let mut config = engine_config(&stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: simulator.noise_static_public_key(),
        door: Door::WebSocket(served(&simulator).await),
        media_ca_pem: Some(simulator.media_ca_pem().to_owned()),
        speed: 10.0,
    });
    let engine = WebEngine::new(config);
    let ana = simulator.phone("Ana").await.unwrap();
    let (inbox, mut heard) = recorder();
    engine.open(request("ana", Network::Simulator, false), inbox).await.unwrap();
    ana.scan(&heard.qr().await).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (inbox, mut heard) = recorder();
    let connection = engine.open(request("ana", Network::Simulator, true), inbox).await.unwrap();
    heard.online().await;
    connection.close().await;
    assert_eq!(heard.ended().await, EndReason::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unlinked_by_the_phone_is_logged_out_and_a_later_login_is_refused() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.link("ana", &ana).await;
    ana.unlink(ana.devices()[0].id).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::LoggedOut { reason: "device-removed".to_owned() });
    let (_connection, mut heard) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, EndReason::LoggedOut { reason: "login-refused".to_owned() });
    world.stores.wipe(&session("ana"));
    world.link("ana", &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_out_takes_the_device_from_the_phone() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    assert_eq!(ana.devices().len(), 1);
    connection.logout().await.unwrap();
    assert!(ana.devices().is_empty());
    let reason = heard.ended().await;
    assert!(matches!(reason, EndReason::Closed | EndReason::LoggedOut { .. }), "{reason:?}");
    assert!(matches!(connection.logout().await, Err(EngineError::Ended)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_login_of_the_same_device_replaces_this_one() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_connection, mut heard) = world.link("ana", &ana).await;
    // A second engine over the same keys, as a second gateway by mistake.
    let mut config = engine_config(&world.stores);
    config.simulator = Some(SimulatorNetwork {
        noise_static_public_key: world.simulator.noise_static_public_key(),
        door: door(&world.simulator),
        media_ca_pem: None,
        speed: 10.0,
    });
    let second = WebEngine::new(config);
    let (inbox, mut heard_second) = recorder();
    second.open(request("ana", Network::Simulator, true), inbox).await.unwrap();
    heard_second.online().await;
    assert_eq!(heard.ended().await, EndReason::Replaced);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_opening_of_a_session_closes_the_first() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_first, mut heard) = world.link("ana", &ana).await;
    let (_second, mut heard_second) = world.open("ana", true).await;
    assert_eq!(heard.ended().await, EndReason::Closed);
    heard_second.online().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_trouble_has_its_own_end() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, _heard) = world.link("ana", &ana).await;
    connection.close().await;

    let logins = [
        (402, EndReason::Restricted { reason: "temporary-ban".to_owned(), until: None }),
        (405, EndReason::VersionRefused),
        (503, lost("server-busy")),
        (403, EndReason::Restricted { reason: "account-locked".to_owned(), until: None }),
    ];
    for (code, expected) in logins {
        world.simulator.fault(fault(FaultKind::Failure, Some(code))).unwrap();
        let (_connection, mut heard) = world.open("ana", true).await;
        match (heard.ended().await, expected) {
            // Only a ban for a time says until when, and for which of several reasons.
            (EndReason::Restricted { until, .. }, EndReason::Restricted { .. }) if code == 402 => {
                assert!(until.is_some());
            }
            (reason, expected) => assert_eq!(reason, expected, "{code}"),
        }
    }
    for (kind, code, expected) in [
        (FaultKind::StreamError, 503, lost("server-busy")),
        (FaultKind::StreamError, 515, EndReason::RestartRequired),
        (FaultKind::Cut, 0, lost("stream-ended")),
    ] {
        let (_connection, mut heard) = world.open("ana", true).await;
        heard.online().await;
        world.simulator.fault(fault(kind, (code > 0).then_some(code))).unwrap();
        assert_eq!(heard.ended().await, expected, "{kind:?} {code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_keys_end_as_logged_out_and_never_as_a_link() {
    let world = world(1.0);
    let (_connection, mut heard) = world.open("ana", true).await;
    let ConnectionEvent::Ended(reason) = heard.event().await else { panic!("it began something") };
    assert_eq!(reason, EndReason::LoggedOut { reason: "keys-missing".to_owned() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_presence_the_network_sees_is_unavailable_unless_wanted() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    connection.close().await;
    heard.ended().await;
    announced(&world.simulator, &["available", "unavailable"]).await;

    for (mark_online, expected) in [(false, &["available", "unavailable"][..]), (true, &["available"])] {
        let (connection, mut heard, _) = world.open_with("ana", true, mark_online).await;
        heard.online().await;
        connection.close().await;
        heard.ended().await;
        announced(&world.simulator, expected).await;
    }
}

/// The newest connection announced exactly this. What was said last is read after the client has gone, so its end comes
/// first.
async fn announced(simulator: &Simulator, expected: &[&str]) {
    let newest = simulator.trace(None, 0).iter().map(|line| line.connection).max();
    eventually("the connections gone", || simulator.connections().is_empty()).await;
    assert_eq!(presences(simulator, newest), expected);
}

fn presences(simulator: &Simulator, connection: Option<u64>) -> Vec<String> {
    let lines = simulator.trace(connection, 0).into_iter();
    lines
        .filter(|line| line.direction == Direction::FromClient && line.xml.starts_with("<presence"))
        .filter_map(|line| {
            let (_, kind) = line.xml.split_once("type=\"")?;
            Some(kind.split('"').next()?.to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_an_ended_connection_stays_alive() {
    let world = world(10.0);
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.link("ana", &ana).await;
    connection.close().await;
    heard.ended().await;
    let store = world.stores.of(&session("ana"));
    // What is left of the link would be counted too.
    eventually("the connections gone", || world.simulator.connections().is_empty()).await;
    let metrics = tokio::runtime::Handle::current().metrics();
    let before = metrics.num_alive_tasks();
    for _ in 0..20 {
        let (connection, mut heard) = world.open("ana", true).await;
        heard.online().await;
        connection.close().await;
        assert_eq!(heard.ended().await, EndReason::Closed);
        drop(connection);
        heard.assert_over().await;
    }
    // The key store is held here and in the map, and by nothing of any connection; of twenty connections' tasks (and the
    // simulator's for them) none is left, give or take one that ends as we look.
    eventually("the key store let go", || Arc::strong_count(&store) == 2).await;
    eventually("the tasks gone", || metrics.num_alive_tasks() <= before + 1).await;
}
