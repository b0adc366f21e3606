//! What a new companion is given, and what it has to give first.

use enlace_simulator::{Fault, Simulator, SimulatorConfig};
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use crate::companion::{Companion, attr, bytes_of, child, server};
use crate::messages::until;

/// A companion that is linked and never logged in.
pub(crate) async fn signed(simulator: &Simulator) -> Companion {
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(simulator);
    let (socket, qrs) = companion.offer(simulator).await;
    let (device, ()) = futures::future::join(ana.scan(&qrs[0]), companion.sign(socket)).await;
    device.unwrap();
    companion
}

fn cut() -> Fault {
    serde_json::from_value(serde_json::json!({ "kind": "cut" })).unwrap()
}

#[tokio::test]
async fn a_companion_that_is_cut_after_its_login_gets_everything_again() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let mut companion = signed(&simulator).await;
    // First before it gave its keys, …
    let mut socket = companion.connect(&simulator).await;
    assert_eq!(socket.receive().await.unwrap().tag, "success");
    assert_eq!(simulator.fault(cut()).unwrap(), 1);
    socket.until_end().await;
    // … then with keys and history on the way, unconfirmed.
    let (mut socket, waited) = companion.log_in(&simulator).await;
    socket.keep(waited);
    let mut sent = Vec::new();
    for _ in 0..2 {
        sent.push(attr(&socket.expect(|node| node.tag == "message").await, "id"));
    }
    simulator.fault(cut()).unwrap();
    socket.until_end().await;
    until(|| simulator.connections().is_empty()).await;

    let (_socket, waited) = companion.log_in(&simulator).await;
    let waited: Vec<Node> = waited.into_iter().filter(|node| node.tag == "message").collect();
    assert_eq!(waited.iter().map(|node| attr(node, "id")).collect::<Vec<_>>(), sent);
    let mut told = waited.iter().map(|node| companion.keys.decrypt(node));
    assert!(told.next().unwrap().protocol_message.app_state_sync_key_share.is_set());
    assert!(told.next().unwrap().protocol_message.history_sync_notification.is_set());
}

/// The same signed prekey under a signature that is not its owner's.
fn forged(skey: &Node) -> Node {
    let parts = skey.children().unwrap().iter().map(|part| {
        let mut bytes = bytes_of(part);
        if part.tag == "signature" {
            bytes[0] ^= 1;
        }
        NodeBuilder::new_dynamic(part.tag.to_string()).bytes(bytes).build()
    });
    NodeBuilder::new("skey").children(parts.collect::<Vec<_>>()).build()
}

#[tokio::test]
async fn a_prekey_that_its_owner_did_not_sign_is_refused() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let mut companion = signed(&simulator).await;
    let mut socket = companion.connect(&simulator).await;
    let good = companion.keys.upload(3);
    let skey = good.last().unwrap().clone();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() = forged(&skey);
    let code = |answer: &Node| attr(child(answer, &["error"]), "code");
    let refused = socket.iq_any("set", "encrypt", server(), bad).await;
    assert_eq!(code(&refused), "406");
    let count = socket.iq("get", "encrypt", server(), [NodeBuilder::new("count").build()]).await;
    assert_eq!(attr(child(&count, &["count"]), "value"), "0", "nothing of it was taken");
    socket.iq("set", "encrypt", server(), good).await;
    let rotate = NodeBuilder::new("rotate").children([forged(&skey)]).build();
    assert_eq!(code(&socket.iq_any("set", "encrypt", server(), [rotate]).await), "406");
    let rotate = NodeBuilder::new("rotate").children([skey]).build();
    socket.iq("set", "encrypt", server(), [rotate]).await;
}
