//! Faults: each is listed, can be taken back, and is seen by those it is meant for.

use std::time::{Duration, Instant};

use buffa::{Message as _, MessageField};
use enlace_simulator::{Fault, FaultKind, LinkStep, Phone, Simulator, SimulatorConfig, SimulatorError};
use serde_json::json;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use crate::companion::{Companion, attr, child, server};
use crate::control::{Api, refused};
use crate::linking::{CODE, ask_for_code, finish_code};
use crate::messages::until;
use crate::socket::Socket;

fn simulator() -> Simulator {
    Simulator::start(SimulatorConfig::default()).unwrap()
}

/// The reason of the `<failure>` that a connection begins with.
async fn refusal(companion: &Companion, simulator: &Simulator) -> (String, Node) {
    let failure = companion.connect(simulator).await.receive().await.unwrap();
    assert_eq!(failure.tag, "failure", "{failure:?}");
    (attr(&failure, "reason"), failure)
}

/// Nothing was said before the answer to a ping.
async fn hears_nothing(socket: &mut Socket) {
    let ping = NodeBuilder::new("iq").attr("type", "get").attr("xmlns", "w:p").attr("id", "ping").build();
    socket.send(ping).await;
    let next = socket.receive().await.unwrap();
    assert_eq!(attr(&next, "id"), "ping", "{next:?}");
}

#[tokio::test]
async fn every_kind_is_taken_listed_and_taken_back() {
    let api = Api::start().await;
    for (place, kind) in FaultKind::ALL.into_iter().enumerate() {
        let (status, ordered) = api.post("/faults", json!({ "kind": kind, "after": 3600 })).await;
        assert_eq!((status, &ordered["struck"]), (201, &json!(0)), "{kind}");
        let (_, listed) = api.get("/faults").await;
        assert_eq!((&listed[place]["kind"], &listed[place]["id"]), (&json!(kind), &ordered["id"]));
    }
    let (_, listed) = api.get("/faults").await;
    for fault in listed.as_array().unwrap() {
        let path = format!("/faults/{}", fault["id"]);
        assert_eq!(api.delete(&path).await.0, 204);
        assert_eq!(refused(api.delete(&path).await), (404, "fault-unknown".to_owned()));
    }
    assert_eq!(api.get("/faults").await.1, json!([]));
    assert_eq!(refused(api.delete("/faults/one").await), (404, "fault-unknown".to_owned()));
    let unknown = api.simulator.remove_fault(77).unwrap_err();
    assert!(matches!(unknown, SimulatorError::UnknownFault), "{unknown}");
}

#[tokio::test]
async fn every_code_of_a_refusal_is_on_the_wire() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let (mut companion, socket) = Companion::link(&simulator, &ana).await;
    drop(socket);
    let stranger = Companion::new(&simulator);
    for code in [400, 401, 403, 405, 406, 409, 429, 500, 503, 515] {
        let failure = Fault { code: Some(code), count: Some(2), ..Fault::new(FaultKind::Failure) };
        simulator.fault(failure).unwrap();
        assert_eq!(refusal(&companion, &simulator).await.0, code.to_string());
        assert_eq!(
            refusal(&stranger, &simulator).await.0,
            code.to_string(),
            "who is not linked hears it too"
        );
    }
    for code in [401, 403, 409, 429, 503, 515] {
        let (mut socket, _) = companion.log_in(&simulator).await;
        let error =
            Fault { code: Some(code), phone: Some(ana.number()), ..Fault::new(FaultKind::StreamError) };
        assert_eq!(simulator.fault(error).unwrap(), 1);
        let rest = socket.until_end().await;
        let last = rest.last().unwrap();
        assert_eq!((last.tag.as_ref(), attr(last, "code")), ("stream:error", code.to_string()));
    }
}

#[tokio::test]
async fn a_ban_strikes_every_login_of_its_phone_until_it_is_over() {
    // The 300 s of a ban are 150 s here.
    let simulator = Simulator::start(SimulatorConfig { speed: 2.0, ..SimulatorConfig::default() }).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let (mut banned, mut socket) = Companion::link(&simulator, &ana).await;
    let (_other, _others) = Companion::link(&simulator, &bruno).await;
    let ban = Fault { phone: Some(ana.number()), ..Fault::new(FaultKind::Ban) };
    assert_eq!(simulator.fault(ban).unwrap(), 1);
    socket.until_end().await;
    for _ in 0..2 {
        let (reason, failure) = refusal(&banned, &simulator).await;
        assert_eq!((reason.as_str(), attr(&failure, "code").as_str()), ("402", "101"));
        let expire: u64 = attr(&failure, "expire").parse().unwrap();
        assert!((100..=150).contains(&expire), "{expire}");
    }
    assert_eq!(simulator.faults()[0].state, enlace_simulator::FaultState::InForce);
    assert!(simulator.faults()[0].seconds_left.unwrap() <= 150.0);
    assert!(bruno.devices()[0].online, "another phone's companion goes on");
    simulator.remove_fault(simulator.faults()[0].id).unwrap();

    // Another one, short enough to wait for its end.
    let ordered = Instant::now();
    let ban = Fault { phone: Some(ana.number()), seconds: Some(2), ..Fault::new(FaultKind::Ban) };
    assert_eq!(simulator.fault(ban).unwrap(), 0);
    until(|| simulator.faults().is_empty()).await;
    assert!(ordered.elapsed() >= Duration::from_secs(1), "it was in force for its time");
    banned.log_in(&simulator).await;
}

#[tokio::test]
async fn a_ban_of_its_own_length_can_be_taken_back() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let (mut banned, _socket) = Companion::link(&simulator, &ana).await;
    simulator.fault(Fault { seconds: Some(3600), ..Fault::new(FaultKind::Ban) }).unwrap();
    let (_, failure) = refusal(&banned, &simulator).await;
    let expire: u64 = attr(&failure, "expire").parse().unwrap();
    assert!((3_500..=3_600).contains(&expire), "{expire}");
    simulator.remove_fault(simulator.faults()[0].id).unwrap();
    banned.log_in(&simulator).await;
}

/// What a client of this version is answered first.
async fn answer_to_version(companion: &Companion, simulator: &Simulator, version: [u32; 3]) -> Node {
    let [primary, secondary, tertiary] = version.map(Some);
    let app_version =
        wa::client_payload::user_agent::AppVersion { primary, secondary, tertiary, ..Default::default() };
    let user_agent =
        wa::client_payload::UserAgent { app_version: MessageField::some(app_version), ..Default::default() };
    let payload = wa::ClientPayload {
        username: Some(0),
        user_agent: MessageField::some(user_agent),
        ..Default::default()
    };
    let pipe = simulator.connect();
    let mut socket =
        Socket::open(pipe, &companion.noise, companion.server_key, payload.encode_to_vec()).await;
    socket.receive().await.unwrap()
}

#[tokio::test]
async fn an_old_version_is_refused_until_the_client_is_newer() {
    let simulator = simulator();
    let companion = Companion::new(&simulator);
    let oldest = Fault { version: Some("2.3000.200".to_owned()), ..Fault::new(FaultKind::RefuseVersion) };
    simulator.fault(oldest).unwrap();
    for _ in 0..2 {
        let answer = answer_to_version(&companion, &simulator, [2, 3000, 199]).await;
        assert_eq!((answer.tag.as_ref(), attr(&answer, "reason").as_str()), ("failure", "405"));
    }
    let answer = answer_to_version(&companion, &simulator, [2, 3000, 200]).await;
    assert!(answer.get_optional_child("pair-device").is_some(), "{answer:?}");
    simulator.clear_faults();
    // Without a version it is anybody, once.
    simulator.fault(Fault::new(FaultKind::RefuseVersion)).unwrap();
    assert_eq!(refusal(&companion, &simulator).await.0, "405");
    companion.offer(&simulator).await;
}

#[tokio::test]
async fn held_qrs_come_late_or_never_and_only_to_the_next() {
    let simulator = simulator();
    let companion = Companion::new(&simulator);
    simulator.fault(Fault::new(FaultKind::HoldQr)).unwrap();
    let mut waiting = companion.connect(&simulator).await;
    hears_nothing(&mut waiting).await;
    simulator.fault(Fault { seconds: Some(0), ..Fault::new(FaultKind::HoldQr) }).unwrap();
    companion.offer(&simulator).await;
    companion.offer(&simulator).await;
    hears_nothing(&mut waiting).await;
    assert!(simulator.faults().is_empty());
}

#[tokio::test]
async fn an_unlinked_companion_is_told_to_refresh_its_registration() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let (_linked, _stays) = Companion::link(&simulator, &ana).await;
    let mut companion = Companion::new(&simulator);
    let (mut socket, qrs) = companion.offer(&simulator).await;
    assert_eq!(simulator.fault(Fault::new(FaultKind::RefreshRegistration)).unwrap(), 1);
    let told = socket.expect(|node| attr(node, "type") == "companion_reg_refresh").await;
    child(&told, &["companion_reg_refresh"]);
    // It does as it is told: what is scanned from now on has another secret.
    companion.adv_secret = rand::random();
    let reference = qrs[0].split(',').next().unwrap();
    let (scan, ()) = futures::future::join(ana.scan(&companion.qr(reference)), companion.sign(socket)).await;
    scan.unwrap();
}

/// A scan at which the phone dies.
async fn scan_and_die(ana: &Phone, qr: &str) {
    let died = ana.scan(qr).await.unwrap_err();
    assert!(matches!(died, SimulatorError::PairingFailed(_)), "{died}");
}

#[tokio::test]
async fn a_phone_that_dies_after_its_scan_leaves_the_later_qrs_good() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let companion = Companion::new(&simulator);
    let (mut socket, qrs) = companion.offer(&simulator).await;
    simulator.fault(Fault { phone: Some(ana.number()), ..Fault::new(FaultKind::AbandonLink) }).unwrap();
    scan_and_die(&ana, &qrs[0]).await;
    hears_nothing(&mut socket).await;
    assert!(ana.devices().is_empty());
    let used = ana.scan(&qrs[0]).await.unwrap_err().to_string();
    assert!(used.contains("it was used"), "{used}");
    let later = ana.scan(&qrs[3]).await.unwrap_err().to_string();
    assert!(later.contains("its time has not come"), "{later}");
}

#[tokio::test]
async fn a_phone_that_dies_after_a_code_was_typed_can_be_taken_up_again() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(&simulator);
    let (mut socket, _) = companion.offer(&simulator).await;
    let (_, ephemeral) = ask_for_code(&companion, &mut socket, &ana.number()).await;
    simulator.fault(Fault::new(FaultKind::AbandonLink)).unwrap();
    let number = ana.number();
    let finishing = finish_code(&companion, &mut socket, &number, &ephemeral);
    let (died, _) = futures::future::join(ana.enter_code(CODE), finishing).await;
    assert!(matches!(died, Err(SimulatorError::PairingFailed(_))), "{died:?}");
    hears_nothing(&mut socket).await;
    assert_eq!(ana.link_prompts().len(), 1);
    let companion_side = async {
        companion.adv_secret = finish_code(&companion, &mut socket, &number, &ephemeral).await;
        companion.sign(socket).await;
    };
    let (device, ()) = futures::future::join(ana.enter_code(CODE), companion_side).await;
    device.unwrap();
}

#[tokio::test]
async fn a_phone_that_dies_after_the_companion_signed_leaves_it_a_worthless_link() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(&simulator);
    let (socket, qrs) = companion.offer(&simulator).await;
    simulator.fault(Fault { step: Some(LinkStep::Accepted), ..Fault::new(FaultKind::AbandonLink) }).unwrap();
    futures::future::join(scan_and_die(&ana, &qrs[0]), companion.sign(socket)).await;
    assert!(ana.devices().is_empty());
    assert_eq!(refusal(&companion, &simulator).await.0, "401");
}

#[tokio::test]
async fn a_qr_of_another_network_is_a_problem_and_no_scan() {
    let (api, other) = (Api::start().await, simulator());
    let ana = api.phone("Ana").await;
    let (_socket, qrs) = Companion::new(&other).offer(&other).await;
    let foreign = api.post(&format!("/phones/{ana}/scan"), json!({ "qr": qrs[0] })).await;
    assert_eq!(refused(foreign), (410, "qr-dead".to_owned()));
}

#[tokio::test]
async fn a_refused_code_says_why_and_when_to_ask_again() {
    let simulator = simulator();
    let ana = simulator.phone("Ana").await.unwrap();
    let companion = Companion::new(&simulator);
    let (mut socket, _) = companion.offer(&simulator).await;
    for (code, text) in
        [(429, "rate-overlimit"), (403, "forbidden"), (404, "item-not-found"), (400, "bad-request")]
    {
        let refuse = Fault { code: Some(code), seconds: Some(90), ..Fault::new(FaultKind::RefuseCode) };
        simulator.fault(refuse).unwrap();
        let (answer, _) = ask_for_code(&companion, &mut socket, &ana.number()).await;
        let error = child(&answer, &["error"]);
        let said = (attr(error, "code"), attr(error, "text"), attr(error, "backoff"));
        assert_eq!(said, (code.to_string(), text.to_owned(), "90".to_owned()));
    }
    let (answer, _) = ask_for_code(&companion, &mut socket, &ana.number()).await;
    assert_eq!(attr(&answer, "type"), "result");
}

#[tokio::test]
async fn a_phone_registered_without_the_ninth_digit_takes_codes_in_its_own_form_only() {
    let simulator = simulator();
    // Of an area code that Brazil has not given out.
    let (registered, dialled) = ("552088887777", "5520988887777");
    let ana = simulator.phone_with_number("Ana", registered).await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let companion = Companion::new(&simulator);
    let (mut socket, _) = companion.offer(&simulator).await;
    let (answer, _) = ask_for_code(&companion, &mut socket, dialled).await;
    assert_eq!(attr(child(&answer, &["error"]), "code"), "404");
    let (answer, _) = ask_for_code(&companion, &mut socket, registered).await;
    assert_eq!(attr(&answer, "type"), "result");
    assert_eq!(ana.link_prompts().len(), 1);

    // People may dial either form: the network tells which one is registered.
    let (_linked, mut socket) = Companion::link(&simulator, &bruno).await;
    let contact = NodeBuilder::new("contact").bytes(format!("+{dialled}").into_bytes()).build();
    let list =
        NodeBuilder::new("list").children([NodeBuilder::new("user").children([contact]).build()]).build();
    let query = NodeBuilder::new("query").children([NodeBuilder::new("contact").build()]).build();
    let usync = NodeBuilder::new("usync").attr("mode", "query").children([query, list]).build();
    let answer = socket.iq("get", "usync", server(), [usync]).await;
    let user = child(&answer, &["usync", "list", "user"]);
    assert_eq!((attr(user, "jid"), attr(child(user, &["contact"]), "type")), (ana.jid(), "in".to_owned()));
    bruno.send_text(dialled, "hello").await.unwrap();
    until(|| ana.messages().iter().any(|message| message.text.as_deref() == Some("hello"))).await;
}
