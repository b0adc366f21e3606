//! Linking and unlinking.

use enlace_simulator::{Simulator, SimulatorConfig, SimulatorError};

use wacore::pair_code::PairCodeUtils;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use wacore_libsignal::protocol::KeyPair;

use crate::companion::{Companion, attr, bytes_of, child, server};
use crate::keys::public;
use crate::socket::Socket;

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
    assert_eq!(socket.receive().await, None);
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
    assert_eq!(first.receive().await, None);
    assert!(ana.devices()[0].online);
}

pub(crate) const CODE: &str = "ABCD1234";

/// Asks for a code for a number; gives the answer and what is needed to finish.
pub(crate) async fn ask_for_code(
    companion: &Companion,
    socket: &mut Socket,
    number: &str,
) -> (Node, KeyPair) {
    ask_for(CODE, companion, socket, number).await
}

async fn ask_for(code: &str, companion: &Companion, socket: &mut Socket, number: &str) -> (Node, KeyPair) {
    let ephemeral = KeyPair::generate(&mut rand::rng());
    let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&public(&ephemeral), code);
    let iq = PairCodeUtils::build_companion_hello_iq(
        number,
        &public(&companion.noise),
        &wrapped,
        "1",
        "Chrome (Linux)",
        true,
        "hello".to_owned(),
    );
    socket.send(iq).await;
    (socket.expect(|node| attr(node, "id") == "hello").await, ephemeral)
}

/// Finishes the companion's half once the phone spoke; gives the ADV secret.
pub(crate) async fn finish_code(
    companion: &Companion,
    socket: &mut Socket,
    number: &str,
    ephemeral: &KeyPair,
) -> [u8; 32] {
    finish(CODE, companion, socket, number, ephemeral).await
}

async fn finish(
    code: &str,
    companion: &Companion,
    socket: &mut Socket,
    number: &str,
    ephemeral: &KeyPair,
) -> [u8; 32] {
    let hello = socket.expect(|node| attr(node, "type") == "link_code_companion_reg").await;
    let hello = child(&hello, &["link_code_companion_reg"]);
    assert_eq!(attr(hello, "stage"), "primary_hello");
    let wrapped = bytes_of(child(hello, &["link_code_pairing_wrapped_primary_ephemeral_pub"]));
    let primary = PairCodeUtils::decrypt_primary_ephemeral_pub(&wrapped, code).unwrap();
    let identity: [u8; 32] = bytes_of(child(hello, &["primary_identity_pub"])).try_into().unwrap();
    let (bundle, secret) =
        PairCodeUtils::prepare_key_bundle(ephemeral, &primary, &identity, &companion.keys.identity).unwrap();
    let reference = bytes_of(child(hello, &["link_code_pairing_ref"]));
    let own = public(&companion.keys.identity);
    let iq = PairCodeUtils::build_companion_finish_iq(number, bundle, &own, &reference, "finish".to_owned());
    socket.send(iq).await;
    let answer = socket.expect(|node| attr(node, "id") == "finish").await;
    assert_eq!(attr(&answer, "type"), "result");
    secret
}

#[tokio::test]
async fn a_companion_links_by_code_after_a_wrong_one_was_typed() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(&simulator);
    let (mut socket, _) = companion.offer(&simulator).await;
    let (answer, ephemeral) = ask_for_code(&companion, &mut socket, &ana.number()).await;
    assert_eq!(attr(&answer, "type"), "result");
    let prompts = ana.link_prompts();
    assert_eq!((prompts.len(), prompts[0].name.as_str()), (1, "Chrome (Linux)"));

    let typed = ana.enter_code("WXYZ-6789");
    // The companion cannot tell that the phone's half was made with another code; it finishes all the same.
    let number = ana.number();
    let finishing = finish_code(&companion, &mut socket, &number, &ephemeral);
    let (wrong, _) = futures::future::join(typed, finishing).await;
    assert!(matches!(wrong, Err(SimulatorError::WrongCode)));

    let typed = ana.enter_code("abcd-1234");
    let companion_side = async {
        companion.adv_secret = finish_code(&companion, &mut socket, &ana.number(), &ephemeral).await;
        companion.sign(socket).await;
    };
    let (device, ()) = futures::future::join(typed, companion_side).await;
    assert_eq!(device.unwrap(), 1);
    assert_eq!(ana.devices()[0].name, "Chrome (Linux)");
    assert!(ana.link_prompts().is_empty());
    companion.log_in(&simulator).await;
}

#[tokio::test]
async fn two_prompts_at_once_are_two_companions_and_the_code_says_which() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let number = ana.number();
    let (older_code, newer_code) = ("ABCD1234", "WXYZ6789");
    let (mut older, mut newer) = (Companion::new(&simulator), Companion::new(&simulator));
    let (mut older_socket, _) = older.offer(&simulator).await;
    let (mut newer_socket, _) = newer.offer(&simulator).await;
    let (_, older_key) = ask_for(older_code, &older, &mut older_socket, &number).await;
    let (_, newer_key) = ask_for(newer_code, &newer, &mut newer_socket, &number).await;
    let prompts = ana.link_prompts();
    assert_eq!(prompts.len(), 2);
    assert!(prompts[0].connection < prompts[1].connection, "newest last");

    // The newest is tried first: it answers, and its answer shows that another was meant.
    let older_side = async {
        older.adv_secret = finish(older_code, &older, &mut older_socket, &number, &older_key).await;
        older.sign(older_socket).await;
    };
    let newer_side = finish(newer_code, &newer, &mut newer_socket, &number, &newer_key);
    let (device, (), _) = futures::future::join3(ana.enter_code(older_code), older_side, newer_side).await;
    assert_eq!(device.unwrap(), 1);
    let prompts = ana.link_prompts();
    assert_eq!(prompts.len(), 1, "the other one still waits");

    let newer_side = async {
        newer.adv_secret = finish(newer_code, &newer, &mut newer_socket, &number, &newer_key).await;
        newer.sign(newer_socket).await;
    };
    let (device, ()) = futures::future::join(ana.enter_code(newer_code), newer_side).await;
    assert_eq!(device.unwrap(), 2);
    assert!(ana.link_prompts().is_empty());
    older.log_in(&simulator).await;
    newer.log_in(&simulator).await;
}

/// Scans and signs, without waiting for the restart.
async fn scan(simulator: &Simulator, ana: &enlace_simulator::Phone) -> Result<u16, SimulatorError> {
    let mut companion = Companion::new(simulator);
    let (mut socket, qrs) = companion.offer(simulator).await;
    let signing = async {
        let iq = socket.expect(|node| node.get_optional_child("pair-success").is_some()).await;
        let answer = companion.answer_pair_success(&iq);
        socket.send(answer).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        device = ana.scan(&qrs[0]) => device,
        () = signing => unreachable!("it stays for ever"),
    }
}

#[tokio::test]
async fn a_phone_has_as_many_companions_as_addresses_have_numbers() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    for number in 1..=255 {
        assert_eq!(scan(&simulator, &ana).await.unwrap(), number);
    }
    let refused = scan(&simulator, &ana).await.unwrap_err();
    assert!(matches!(refused, SimulatorError::TooManyDevices), "{refused}");
    assert_eq!(refused.code(), "devices-full");
    assert_eq!(ana.devices().len(), 255, "nobody lost a place");
    ana.unlink(77).await.unwrap();
    assert_eq!(scan(&simulator, &ana).await.unwrap(), 77);
}

#[tokio::test]
async fn a_code_is_refused_for_unknown_numbers_and_by_order_and_dies_in_time() {
    let config = SimulatorConfig { speed: 10_000.0, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let companion = Companion::new(&simulator);
    let (mut socket, _) = companion.offer(&simulator).await;
    let code_of = |node: &Node| attr(child(node, &["error"]), "code");
    let (answer, _) = ask_for_code(&companion, &mut socket, "999000000001").await;
    assert_eq!((attr(&answer, "type"), code_of(&answer)), ("error".to_owned(), "404".to_owned()));
    let order = serde_json::json!({ "kind": "refuse-code", "phone": ana.number(), "code": 429 });
    simulator.fault(serde_json::from_value(order).unwrap()).unwrap();
    let (answer, _) = ask_for_code(&companion, &mut socket, &ana.number()).await;
    assert_eq!(code_of(&answer), "429");
    let (answer, _) = ask_for_code(&companion, &mut socket, &ana.number()).await;
    assert_eq!(attr(&answer, "type"), "result");
    while !ana.link_prompts().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(ana.enter_code(CODE).await, Err(SimulatorError::NoCodePending)));
}

#[tokio::test]
async fn a_qr_dies_when_its_time_is_over() {
    let config = SimulatorConfig { speed: 1_000.0, refs: 2, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let companion = Companion::new(&simulator);
    let (_socket, qrs) = companion.offer(&simulator).await;
    assert_eq!(qrs.len(), 2);
    // A QR that names another client is refused for that, until it is refused for its time.
    let stranger = Companion::new(&simulator);
    let probe = stranger.qr(qrs[1].split(',').next().unwrap());
    while !ana.scan(&probe).await.unwrap_err().to_string().contains("time is over") {
        tokio::task::yield_now().await;
    }
    for qr in qrs {
        assert!(matches!(ana.scan(&qr).await, Err(SimulatorError::DeadQr(_))));
    }
}

#[tokio::test]
async fn a_companion_logs_itself_out_and_others_hear_of_every_change() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let (_first, mut socket) = Companion::link(&simulator, &ana).await;
    let (second, mut leaving) = Companion::link(&simulator, &ana).await;
    let told = socket.expect(|node| attr(node, "type") == "devices").await;
    assert_eq!(attr(child(&told, &["add", "device"]), "jid"), second.jid.clone().unwrap().to_string());
    let remove = NodeBuilder::new("remove-companion-device")
        .attr("jid", second.jid.clone().unwrap())
        .attr("reason", "user_initiated")
        .build();
    leaving.iq("set", "md", server(), [remove]).await;
    while leaving.receive().await.is_some() {}
    let told = socket.expect(|node| attr(node, "type") == "devices").await;
    assert_eq!(attr(child(&told, &["remove", "device"]), "jid"), second.jid.unwrap().to_string());
    assert_eq!(ana.devices().len(), 1);
}
