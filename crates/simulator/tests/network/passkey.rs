//! Linking under a passkey, with the companion's half as the published client has it.

use enlace_simulator::{Fault, FaultKind, Phone, Simulator, SimulatorConfig, SimulatorError};
use serde_json::{Value, json};
use wacore::shortcake::ShortcakeUtils;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::device_props::PlatformType;

use crate::companion::{Companion, attr, bytes_of, child, server};
use crate::control::{Api, refused};
use crate::keys::public;
use crate::socket::Socket;

fn demanded() -> (Simulator, Fault) {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    (simulator, Fault::new(FaultKind::DemandPasskey))
}

/// The request options that the server sends.
async fn asked(socket: &mut Socket) -> Value {
    let told = socket.expect(|node| attr(node, "type") == "passkey_prologue_request").await;
    serde_json::from_slice(&bytes_of(child(&told, &["passkey_request_options"]))).unwrap()
}

fn bytes(tag: &'static str, content: Vec<u8>) -> Node {
    NodeBuilder::new(tag).bytes(content).build()
}

/// Answers with an assertion; gives the answer, and what goes on from there.
async fn answer(socket: &mut Socket, assertion: &Value) -> (Node, Half) {
    let reference = socket.iq("get", "md", server(), [NodeBuilder::new("ref").build()]).await;
    let reference = String::from_utf8(bytes_of(child(&reference, &["ref"]))).unwrap();
    let half = Half {
        keys: ShortcakeUtils::generate_companion_ephemeral_keypair(),
        nonce: ShortcakeUtils::generate_companion_nonce(),
        reference,
    };
    let identity = ShortcakeUtils::build_companion_ephemeral_identity(
        &public(&half.keys),
        PlatformType::CHROME,
        &half.reference,
    );
    let commitment = ShortcakeUtils::commitment_hash(&identity, &half.nonce);
    let payload = ShortcakeUtils::build_prologue_payload(&identity, &commitment);
    let credential = base64::Engine::decode(
        &base64::prelude::BASE64_URL_SAFE_NO_PAD,
        assertion["rawId"].as_str().unwrap(),
    );
    let prologue = NodeBuilder::new("passkey_prologue").children([
        bytes("credential_id", credential.unwrap()),
        bytes("webauthn_assertion", assertion.to_string().into_bytes()),
        bytes("prologue_payload", payload),
    ]);
    (socket.iq_any("set", "md", server(), [prologue.build()]).await, half)
}

/// The companion's half of the exchange.
struct Half {
    keys: wacore_libsignal::protocol::KeyPair,
    nonce: [u8; 32],
    reference: String,
}

impl Half {
    /// Up to the code; gives it and the key of the end.
    async fn agree(&self, socket: &mut Socket) -> (String, [u8; 32]) {
        let told = socket.expect(|node| attr(node, "type") == "crsc_continuation").await;
        let primary = bytes_of(child(&told, &["primary_ephemeral_identity"]));
        let primary = ShortcakeUtils::parse_primary_ephemeral_identity(&primary).unwrap();
        socket.iq("set", "md", server(), [bytes("companion_nonce", self.nonce.to_vec())]).await;
        let key = ShortcakeUtils::derive_encryption_key(
            &self.keys,
            &primary.public_key,
            PlatformType::CHROME,
            &self.reference,
        );
        let code = ShortcakeUtils::derive_verification_code(&self.nonce, &primary.public_key, &primary.nonce);
        (code, key.unwrap())
    }
}

/// Sends the sealed end with a new secret.
async fn finish(companion: &mut Companion, socket: &mut Socket, key: &[u8; 32]) {
    companion.adv_secret = rand::random();
    let request = ShortcakeUtils::build_pairing_request(
        &public(&companion.noise),
        &public(&companion.keys.identity),
        &companion.adv_secret,
    );
    let sealed = ShortcakeUtils::encrypt_pairing_request(&request, key).unwrap();
    let sealed = ShortcakeUtils::build_encrypted_pairing_request(&sealed);
    socket.iq("set", "md", server(), [bytes("encrypted_pairing_request", sealed)]).await;
}

async fn by_passkey(companion: &mut Companion, mut socket: Socket, ana: &Phone) {
    let options = asked(&mut socket).await;
    let again = NodeBuilder::new("passkey_request_options").build();
    let again = socket.iq("get", "md", server(), [again]).await;
    let again = bytes_of(child(&again, &["passkey_request_options"]));
    assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), options);
    assert_eq!(ana.passkey_prompts()[0].code, None);
    let (answered, half) = answer(&mut socket, &ana.use_passkey(&options).unwrap()).await;
    assert_eq!(attr(&answered, "type"), "result");
    let (code, key) = half.agree(&mut socket).await;
    crate::messages::until(|| ana.passkey_prompts()[0].code.is_some()).await;
    let shown = ana.passkey_prompts()[0].code.clone().unwrap();
    assert_eq!(shown.replace('-', ""), code);
    finish(companion, &mut socket, &key).await;
    companion.sign(socket).await;
}

#[tokio::test]
async fn a_companion_links_under_a_passkey_after_a_wrong_one_was_shown() {
    let (simulator, fault) = demanded();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    simulator.fault(Fault { phone: Some(ana.number()), ..fault }).unwrap();
    let mut companion = Companion::new(&simulator);
    let (mut socket, qrs) = companion.offer(&simulator).await;
    let companion_side = async {
        let options = asked(&mut socket).await;
        assert!(bruno.use_passkey(&options).is_err(), "it is for Ana's passkey");
        // A forger's: everything fits but the signature.
        let mut forged = ana.use_passkey(&options).unwrap();
        let of_other_options = json!({ "challenge": "AAAA", "rpId": "web.whatsapp.com" });
        forged["response"]["signature"] =
            ana.use_passkey(&of_other_options).unwrap()["response"]["signature"].clone();
        let (refused, _) = answer(&mut socket, &forged).await;
        assert_eq!(attr(child(&refused, &["error"]), "code"), "401");
        let (answered, half) = answer(&mut socket, &ana.use_passkey(&options).unwrap()).await;
        assert_eq!(attr(&answered, "type"), "result");
        let (_, key) = half.agree(&mut socket).await;
        finish(&mut companion, &mut socket, &key).await;
        companion.sign(socket).await;
    };
    let (device, ()) = futures::future::join(ana.scan(&qrs[0]), companion_side).await;
    device.unwrap();
    assert!(ana.passkey_prompts().is_empty());
    companion.log_in(&simulator).await;
}

#[tokio::test]
async fn both_sides_show_one_code_and_the_passkey_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::open(folder.path(), SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    simulator.fault(Fault::new(FaultKind::DemandPasskey)).unwrap();
    let mut companion = Companion::new(&simulator);
    let (socket, qrs) = companion.offer(&simulator).await;
    let companion_side = by_passkey(&mut companion, socket, &ana);
    let (device, ()) = futures::future::join(ana.scan(&qrs[0]), companion_side).await;
    device.unwrap();
    let options = json!({ "challenge": "AAAA" });
    let before = ana.use_passkey(&options).unwrap()["rawId"].clone();
    simulator.shutdown().await;
    let simulator = Simulator::open(folder.path(), SimulatorConfig::default()).unwrap();
    let after = simulator.phone("Ana").await.unwrap().use_passkey(&options).unwrap();
    assert_eq!(after["rawId"], before);
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_passkey_that_nobody_shows_ends_the_scan_and_the_qr_is_offered_again() {
    let config = SimulatorConfig { speed: 100.0, refs: 64, ..SimulatorConfig::default() };
    let simulator = Simulator::start(config).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    simulator.fault(Fault::new(FaultKind::DemandPasskey)).unwrap();
    let companion = Companion::new(&simulator);
    let (mut socket, qrs) = companion.offer(&simulator).await;
    let late = ana.scan(&qrs[0]).await.unwrap_err();
    assert!(matches!(late, SimulatorError::PairingFailed(_)), "{late}");
    assert!(late.to_string().contains("not used in time"), "{late}");
    asked(&mut socket).await;
    assert!(ana.passkey_prompts().is_empty());
    let late = socket.iq_any("get", "md", server(), [NodeBuilder::new("ref").build()]).await;
    assert_eq!(attr(child(&late, &["error"]), "code"), "404");
}

#[tokio::test]
async fn the_control_api_uses_the_phones_passkey_and_shows_what_is_asked() {
    let api = Api::start().await;
    let ana = api.phone("Ana").await;
    let path = format!("/phones/{ana}/passkey");
    let options = json!({ "challenge": "AAAA", "rpId": "web.whatsapp.com" });
    let (status, assertion) = api.post(&path, json!({ "options": options })).await;
    assert_eq!((status, &assertion["type"]), (200, &json!("public-key")));
    assert!(assertion["response"]["signature"].is_string());
    for bad in [json!({}), json!({ "challenge": "AAAA", "rpId": "example.org" })] {
        assert_eq!(refused(api.post(&path, json!({ "options": bad })).await).0, 422);
    }
    assert_eq!(api.get(&format!("/phones/{ana}")).await.1["passkey_prompts"], json!([]));
}
