//! A network in a folder: what was accepted is there after the process was killed, and a folder has one owner.

use std::path::Path;
use std::process::{Command, Stdio};

use enlace_simulator::{Simulator, SimulatorConfig, SimulatorError};

use crate::companion::{Companion, attr};
use crate::messages::{jid, until};

fn open(folder: &Path) -> Simulator {
    Simulator::open(folder, SimulatorConfig::default()).unwrap()
}

#[tokio::test]
async fn phones_links_sessions_and_queues_outlive_the_network() {
    let folder = tempfile::tempdir().unwrap();
    // An address of its own: nobody takes the media listener's port between the two starts.
    let media_listen = "127.83.7.1:0".parse().unwrap();
    let config = SimulatorConfig { media_listen, ..SimulatorConfig::default() };
    let simulator = Simulator::open(folder.path(), config.clone()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    bruno.send_text(&ana.number(), "before").await.unwrap();
    let (node, _) = companion.next_message(&mut socket).await;
    companion.receipt(&mut socket, &node, None).await;
    let id = companion.send_text(&mut socket, &jid(&bruno), "answer").await;
    until(|| bruno.messages().len() == 2).await;
    drop(socket);
    bruno.send_text(&ana.number(), "while away").await.unwrap();
    let (key, media, ca) =
        (simulator.noise_static_public_key(), simulator.media_base(), simulator.media_ca_pem().to_owned());
    simulator.shutdown().await;

    let simulator = Simulator::open(folder.path(), config).unwrap();
    assert_eq!(simulator.noise_static_public_key(), key);
    assert_eq!((simulator.media_base(), simulator.media_ca_pem()), (media, ca.as_str()));
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    assert_eq!(ana.devices().len(), 1);
    assert_eq!(bruno.messages().len(), 3);
    assert!(bruno.messages().iter().any(|message| message.id == id));
    let (mut socket, waited) = companion.log_in(&simulator).await;
    let waited: Vec<_> = waited.into_iter().filter(|node| node.tag == "message").collect();
    assert_eq!(waited.len(), 1);
    assert_eq!(companion.keys.decrypt(&waited[0]).conversation.as_deref(), Some("while away"));
    let id = companion.send_text(&mut socket, &jid(&bruno), "still the same session").await;
    until(|| bruno.messages().iter().any(|message| message.id == id)).await;
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_folder_in_use_is_refused_and_free_again_after_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = open(folder.path());
    let phone = simulator.phone("Ana").await.unwrap();
    let second = Simulator::open(folder.path(), SimulatorConfig::default());
    assert!(matches!(second, Err(SimulatorError::Locked(_))));
    simulator.shutdown().await;
    assert!(matches!(phone.send_text(&phone.number(), "late").await, Err(SimulatorError::ShuttingDown)));
    open(folder.path()).shutdown().await;
}

#[tokio::test]
async fn a_companion_that_died_before_signing_can_log_in_with_what_it_kept() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = open(folder.path());
    let ana = simulator.phone("Ana").await.unwrap();
    let mut companion = Companion::new(&simulator);
    let (mut socket, qrs) = companion.offer(&simulator).await;
    let dies = async {
        let iq = socket.expect(|node| node.get_optional_child("pair-success").is_some()).await;
        // It keeps its identity, and is gone before its answer is on the wire.
        companion.answer_pair_success(&iq);
        drop(socket);
    };
    let (scanned, ()) = futures::future::join(ana.scan(&qrs[0]), dies).await;
    assert!(matches!(scanned, Err(SimulatorError::PairingFailed(_))));
    assert!(ana.devices().is_empty(), "nobody sees it yet");
    simulator.shutdown().await;
    let simulator = open(folder.path());
    companion.log_in(&simulator).await;
    assert_eq!(simulator.phone("Ana").await.unwrap().devices().len(), 1);
    simulator.shutdown().await;
}

/// Names the folder to the child that the test below starts: this very test, in a process that can be killed.
const CHILD: &str = "ENLACE_TEST_SENDS_UNTIL_KILLED";

async fn send_until_killed(folder: &Path) {
    use std::io::Write as _;
    let simulator = open(folder);
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let mut out = std::io::stdout();
    for n in 0.. {
        let id = ana.send_text(&bruno.number(), &format!("{n}")).await.unwrap();
        writeln!(out, "sent {id}").unwrap();
        out.flush().unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_answered() {
    use std::io::BufRead as _;
    if let Some(folder) = std::env::var_os(CHILD) {
        return send_until_killed(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut answered = Vec::new();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "persistence::a_killed_process_loses_nothing_it_answered", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let sent = lines
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("sent ").map(|(_, id)| id.trim().to_owned()));
        let before = answered.len();
        answered.extend(sent.take(40 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(answered.len() - before, 40 * round, "the child worked until it was killed");
    }
    let simulator = open(folder.path());
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let ids = |messages: Vec<enlace_simulator::PhoneMessage>| -> Vec<String> {
        messages.into_iter().map(|message| message.id).collect()
    };
    let sent = ids(ana.messages());
    assert!(answered.iter().all(|id| sent.contains(id)));
    until(|| bruno.messages().len() == sent.len()).await;
    assert_eq!(ids(bruno.messages()), sent, "each once, in order");
    simulator.shutdown().await;
}

#[tokio::test]
async fn a_message_sent_twice_by_a_companion_is_shown_once() {
    let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
    let ana = simulator.phone("Ana").await.unwrap();
    let bruno = simulator.phone("Bruno").await.unwrap();
    let (mut companion, mut socket) = Companion::link(&simulator, &ana).await;
    for _ in 0..2 {
        companion.send_text_as(&mut socket, &jid(&bruno), "once", "SAME1").await;
        socket.expect(|node| node.tag == "ack" && attr(node, "id") == "SAME1").await;
    }
    let id = companion.send_text(&mut socket, &jid(&bruno), "then another").await;
    until(|| bruno.messages().iter().any(|message| message.id == id)).await;
    assert_eq!(bruno.messages().len(), 2);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("simulator");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    // The second opening makes a snapshot of the first one's journal.
    for _ in 0..2 {
        let simulator = open(&folder);
        simulator.phone("Ana").await.unwrap();
        simulator.shutdown().await;
    }
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    for kind in ["journal-", "snapshot-", "lock"] {
        assert!(names.iter().any(|name| name.starts_with(kind)), "{names:?}");
    }
}
