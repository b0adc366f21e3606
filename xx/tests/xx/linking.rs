//! Linking, texts, and coming back.

use crate::support::{Heard, PATIENCE, Setup, World, lost, number, proxy};
use enlace_domain::message::Content;
use enlace_domain::port::{Connection, EndReason};
use enlace_engine::{Companion, Platform};
use enlace_simulator::Phone;
use secrecy::ExposeSecret;
use std::sync::atomic::Ordering;

/// A text each way.
async fn talk(world: &World, connection: &dyn Connection, heard: &mut Heard, own: &Phone) {
    let bruno = world.simulator.phone("Bruno").await.unwrap();
    let sent = world.text(&bruno, "to Bruno");
    connection.send(&sent).await.unwrap();
    let id = bruno.send_text(&own.number(), "from Bruno").await.unwrap();
    let message = heard.message().await;
    assert_eq!((message.wa_id, message.content), (id, Content::Text("from Bruno".to_owned())));
    // The phone reads its queue in a task of its own.
    let read = async {
        loop {
            if let Some(message) = bruno.messages().into_iter().find(|message| message.id == sent.wa_id) {
                return message;
            }
            tokio::task::yield_now().await;
        }
    };
    let got = tokio::time::timeout(PATIENCE, read).await.expect("the phone reads it");
    assert_eq!(got.text.as_deref(), Some("to Bruno"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_links_over_tls_with_a_registration_and_the_phone_shows_who_it_is() {
    let world = World::new().await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (_, mut heard) = world.open("ana", false).await;
    let qr = heard.qr().await;
    assert!(qr.ends_with(",1"), "the kind of client is Chrome");
    ana.scan(&qr).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    // Only a registration tells the name; a simulated session's placeholder login would leave it empty.
    assert_eq!(ana.devices()[0].name, "Enlace");

    let (connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
    assert_eq!(world.simulator.connections()[0].door, "websocket");
    talk(&world, connection.as_ref(), &mut heard, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pain_05_a_code_links_and_the_prompt_names_a_browser_on_a_system() {
    let world = World::new().await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.open("ana", false).await;
    let issued = connection.request_code(&number(&ana), None).await.unwrap();
    assert_eq!(ana.link_prompts()[0].name, "Chrome (Linux)");
    ana.enter_code(issued.code.expose_secret()).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    let (connection, mut heard) = world.open("ana", true).await;
    heard.online().await;
    talk(&world, connection.as_ref(), &mut heard, &ana).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_name_and_platform_are_what_phones_show() {
    let companion = Companion { name: "Front desk".to_owned(), platform: Platform::Safari };
    let world = World::with(Setup { companion, ..Setup::default() }).await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (connection, mut heard) = world.open("ana", false).await;
    connection.request_code(&number(&ana), None).await.unwrap();
    assert_eq!(ana.link_prompts()[0].name, "Safari (Linux)");
    connection.cancel_code().await;
    let qr = heard.qr().await;
    assert!(qr.ends_with(",6"), "the kind of client is Safari");
    ana.scan(&qr).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    assert_eq!(ana.devices()[0].name, "Front desk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_platform_is_one_that_the_network_takes() {
    for platform in Platform::ALL {
        let companion = Companion { platform, ..Companion::default() };
        let world = World::with(Setup { companion, ..Setup::default() }).await;
        let ana = world.simulator.phone("Ana").await.unwrap();
        let (connection, mut heard) = world.open("ana", false).await;
        heard.qr().await;
        connection.request_code(&number(&ana), None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_opened_again_and_again() {
    let world = World::new().await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (mut connection, mut heard) = world.link("ana", &ana).await;
    for _ in 0..3 {
        let cut = serde_json::from_value(serde_json::json!({ "kind": "cut" })).unwrap();
        assert_eq!(world.simulator.fault(cut).unwrap(), 1);
        let reason = heard.ended().await;
        assert!(matches!(reason, EndReason::Lost { .. }), "{reason:?}");
        (connection, heard) = world.open("ana", true).await;
        heard.online().await;
    }
    talk(&world, connection.as_ref(), &mut heard, &ana).await;
    connection.close().await;
    assert_eq!(heard.ended().await, EndReason::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_links_and_talks_through_its_proxy_and_not_around_it() {
    let world = World::new().await;
    let ana = world.simulator.phone("Ana").await.unwrap();
    let (through, opened) = proxy().await;
    let (_, mut heard) = world.open_through("ana", false, Some(through.clone())).await;
    ana.scan(&heard.qr().await).await.unwrap();
    assert_eq!(heard.ended().await, EndReason::RestartRequired);
    assert_eq!(opened.load(Ordering::SeqCst), 1);
    let (connection, mut heard) = world.open_through("ana", true, Some(through)).await;
    heard.online().await;
    assert_eq!(opened.load(Ordering::SeqCst), 2);
    talk(&world, connection.as_ref(), &mut heard, &ana).await;
    connection.close().await;

    // Bound and never listened on: nobody answers there, and nobody else gets the port.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = held.local_addr().unwrap();
    let nobody = enlace_domain::proxy::Proxy::parse(&format!("socks5://{closed}")).unwrap();
    let (_, mut heard) = world.open_through("ana", true, Some(nobody)).await;
    assert_eq!(heard.ended().await, lost("proxy-refused"));
}
