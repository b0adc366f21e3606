//! Linking and unlinking.

use enlace_simulator::{Simulator, SimulatorConfig, SimulatorError};

use crate::companion::{Companion, attr};

#[tokio::test]
async fn a_companion_links_by_qr_and_logs_in() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (companion, _socket) = Companion::link(&simulator, &ana).await;
    let devices = ana.devices();
    assert_eq!(devices.len(), 1);
    assert!(devices[0].online);
    assert_eq!(companion.jid.unwrap().to_string(), devices[0].jid);
}

#[tokio::test]
async fn a_qr_can_be_scanned_once_and_dies_with_its_connection() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(&simulator);
    let (socket, qrs) = companion.offer(&simulator).await;
    assert_eq!(qrs.len(), 6);
    let later = ana.scan(&qrs[5]).await;
    assert!(matches!(later, Err(SimulatorError::DeadQr(_))), "its time has not come");
    let (device, ()) = futures::future::join(ana.scan(&qrs[0]), companion.sign(socket)).await;
    device.unwrap();
    assert!(matches!(ana.scan(&qrs[0]).await, Err(SimulatorError::DeadQr(_))));

    let other = Companion::new(&simulator);
    let (socket, qrs) = other.offer(&simulator).await;
    drop(socket);
    while !simulator.connections().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(ana.scan(&qrs[0]).await, Err(SimulatorError::DeadQr(_))));
    assert!(matches!(ana.scan("no qr").await, Err(SimulatorError::InvalidQr(_))));
}

#[tokio::test]
async fn an_unlinked_companion_hears_it_and_cannot_come_back() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (companion, mut socket) = Companion::link(&simulator, &ana).await;
    ana.unlink(1).await.unwrap();
    let error = socket.expect(|node| node.tag == "stream:error").await;
    assert_eq!(attr(&error, "code"), "401");
    assert_eq!(attr(error.get_optional_child("conflict").unwrap(), "type"), "device_removed");
    assert!(socket.receive().await.is_none());
    let mut again = companion.connect(&simulator).await;
    let failure = again.receive().await.unwrap();
    assert_eq!((failure.tag.as_ref(), attr(&failure, "reason").as_str()), ("failure", "401"));
    assert!(matches!(ana.unlink(1).await, Err(SimulatorError::UnknownDevice(1))));
}

#[tokio::test]
async fn a_second_login_replaces_the_first() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (mut companion, mut first) = Companion::link(&simulator, &ana).await;
    let (_second, _) = companion.log_in(&simulator).await;
    let error = first.expect(|node| node.tag == "stream:error").await;
    assert_eq!(attr(&error, "code"), "");
    assert_eq!(attr(error.get_optional_child("conflict").unwrap(), "type"), "replaced");
    assert!(first.receive().await.is_none());
    assert!(ana.devices()[0].online);
}
