//! The media listener, over HTTPS with the network's own authority.

use std::io::Read as _;

use buffa::Message as _;
use enlace_simulator::{Simulator, SimulatorConfig};
use waproto::whatsapp as wa;

use crate::companion::Companion;
use crate::messages::until;

/// A client that trusts nothing but the network's own authority.
pub(crate) fn client(simulator: &Simulator) -> reqwest::Client {
    // The first to need TLS in this process says with what.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(simulator.media_ca_pem().as_bytes()).unwrap();
    reqwest::Client::builder().tls_certs_only([authority]).build().unwrap()
}

async fn round_trip(simulator: &Simulator) {
    let http = client(simulator);
    let base = simulator.media_base();
    let file = vec![7_u8; 300_000];
    let url = format!("{base}/mms/image/TOKEN?auth=simulator&token=TOKEN");
    let resume = http.post(format!("{url}&resume=1")).send().await.unwrap();
    assert!(resume.status().is_client_error());
    let placed = http.post(&url).body(file.clone()).send().await.unwrap();
    assert_eq!(placed.status(), 200);
    let placed: serde_json::Value = serde_json::from_str(&placed.text().await.unwrap()).unwrap();
    let path = placed["direct_path"].as_str().unwrap();
    assert_eq!(placed["url"], format!("{base}{path}"));
    assert!(path.contains('?'), "clients add to the query");
    let got = http.get(format!("{base}{path}&hash=x&mms-type=image")).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), file);
    for missing in ["/v/nothing", "/v/../lock", "/other"] {
        assert_eq!(http.get(format!("{base}{missing}")).send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn files_go_up_and_come_down_in_memory() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    round_trip(&simulator).await;
}

#[tokio::test]
async fn files_go_up_and_come_down_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::open(folder.path(), SimulatorConfig::default()).unwrap();
    round_trip(&simulator).await;
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_new_companion_is_given_the_chats_of_its_phone() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let id = bruno.send_text(&ana.number(), "before you came").await.unwrap();
    until(|| !ana.messages().is_empty()).await;
    let (companion, _socket) = Companion::link(&simulator, &ana).await;
    let history = companion.history.as_ref().unwrap();
    // A client that said nothing of itself gets it within the message.
    let packed = history.initial_hist_bootstrap_inline_payload.as_deref().unwrap();
    let mut plain = Vec::new();
    flate2::read::ZlibDecoder::new(packed).read_to_end(&mut plain).unwrap();
    let history = wa::HistorySync::decode_from_slice(&plain).unwrap();
    let chat = history.conversations.iter().find(|chat| chat.id == bruno.jid()).unwrap();
    let message = chat.messages[0].message.as_option().unwrap();
    assert_eq!(message.key.id.as_deref(), Some(id.as_str()));
    assert_eq!(message.message.conversation.as_deref(), Some("before you came"));
    let named = |name: &str| history.pushnames.iter().any(|push| push.pushname.as_deref() == Some(name));
    assert!(named("Bruno"));
}
