//! The media listener, over HTTPS with the network's own authority.

use enlace_simulator::{Simulator, SimulatorConfig};

async fn round_trip(simulator: &Simulator) {
    // The first to need TLS in this process says with what.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(simulator.media_ca_pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().tls_certs_only([authority]).build().unwrap();
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
