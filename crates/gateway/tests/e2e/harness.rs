//! A gateway process of its own for each test, and what tests wait for.

use anyhow::{Context, Result, anyhow, ensure};
use enlace_gateway::client::{Answer, Api, Phone, Phones, ServerEvent};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// The key every gateway of the tests begins with.
pub(crate) const KEY: &str = "e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0";
/// Longest time for one thing to happen. Reached only when it does not happen at all.
pub(crate) const WITHIN: Duration = Duration::from_secs(45);

/// A process of ours with what it printed.
pub(crate) struct Process {
    child: Child,
    output: Lines,
    errors: Lines,
}

/// The lines of an output so far. Closed when the output has ended.
type Lines = watch::Receiver<Vec<String>>;

impl Process {
    /// Starts the binary with nothing of this environment that it could read.
    pub(crate) fn spawn(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enlace"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ENLACE_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(arguments)
            // Nothing of a test asks the world outside.
            .env("ENLACE_WHATSAPP_VERSION_URL", "")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the binary can't be started")?;
        let output = collect(child.stdout.take().context("stdout is piped")?);
        let errors = collect(child.stderr.take().context("stderr is piped")?);
        Ok(Self { child, output, errors })
    }

    /// What it printed on standard output so far.
    pub(crate) fn output(&self) -> String {
        self.output.borrow().join("\n")
    }

    /// What it printed on standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.borrow().join("\n")
    }

    /// Waits for a line of standard output.
    pub(crate) async fn wait_for_line(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let mut output = self.output.clone();
        let found = |lines: &Vec<String>| lines.iter().any(|line| wanted(line));
        let came = match timeout(WITHIN, output.wait_for(found)).await {
            Ok(Ok(lines)) => lines.iter().find(|line| wanted(line)).cloned(),
            Ok(Err(_)) => None,
            Err(_) => {
                return Err(anyhow!("a line did not come; printed: {} {}", self.output(), self.errors()));
            }
        };
        match came {
            Some(line) => Ok(line),
            None => Err(anyhow!("the process ended with {}: {}", self.ended().await?, self.errors())),
        }
    }

    /// `kill -9`, and waits until the process is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("kill -9")
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().context("the process has ended already")?.to_string();
        let done = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status()?;
        ensure!(done.success(), "kill -{name}");
        Ok(())
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus> {
        let status =
            timeout(WITHIN, self.child.wait()).await.context("the process did not end in time")??;
        // What it printed last is still being read.
        for lines in [&mut self.output, &mut self.errors] {
            timeout(WITHIN, async { while lines.changed().await.is_ok() {} }).await?;
        }
        Ok(status)
    }
}

fn collect(from: impl AsyncRead + Send + Unpin + 'static) -> Lines {
    let (sender, lines) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut from = BufReader::new(from).lines();
        while let Ok(Some(line)) = from.next_line().await {
            sender.send_modify(|lines| lines.push(line));
        }
    });
    lines
}

/// Runs the binary to its end.
pub(crate) async fn run(
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<(ExitStatus, String, String)> {
    let mut process = Process::spawn(arguments, environment)?;
    let status = process.ended().await?;
    Ok((status, process.output(), process.errors()))
}

/// A gateway that serves, with an embedded simulated network unless told otherwise.
pub(crate) struct Server {
    /// The process.
    pub(crate) process: Process,
    /// Its API, with the admin key.
    pub(crate) api: Api,
    /// The hands at the simulated phones.
    pub(crate) phones: Phones,
    folder: PathBuf,
    /// Removed with the server, where the test brought none.
    own_folder: Option<TempDir>,
}

impl Server {
    /// On a folder of its own.
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut server = Self::start_in(folder.path(), &["--simulator"], &[]).await?;
        server.own_folder = Some(folder);
        Ok(server)
    }

    /// On a given folder, with further arguments and environment.
    pub(crate) async fn start_in(
        folder: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let path = folder.to_str().context("a folder with a plain name")?;
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", path];
        all.extend(arguments);
        let mut variables = vec![("ENLACE_ADMIN_KEY", KEY)];
        variables.extend(environment);
        let mut process = Process::spawn(&all, &variables)?;
        let line = process.wait_for_line(|line| line.contains(" listens on http://")).await?;
        let url = line.split_whitespace().last().context("the line names the address")?.to_owned();
        let api = Api::new(&url, Some(KEY))?;
        api.get("/readyz").await?.expect_status(200)?;
        Ok(Self { process, phones: Phones::new(&url)?, api, folder: folder.to_owned(), own_folder: None })
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts again on the same folder; the process before must be gone.
    pub(crate) async fn start_again(&mut self, arguments: &[&str]) -> Result<()> {
        let again = Self::start_in(&self.folder, arguments, &[]).await?;
        self.process = again.process;
        self.api = again.api;
        self.phones = again.phones;
        Ok(())
    }

    /// Ends in order.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.process.signal("TERM")?;
        let status = self.process.ended().await?;
        ensure!(status.success(), "the gateway ended with {status}: {}", self.process.errors());
        Ok(())
    }

    /// Makes a session with a chosen id.
    pub(crate) async fn create(&self, id: &str) -> Result<Value> {
        self.api.post("/v1/sessions", &json!({ "id": id })).await?.expect_status(201)?.json()
    }

    /// The session as it is now.
    pub(crate) async fn session(&self, id: &str) -> Result<Value> {
        self.api.get(&format!("/v1/sessions/{id}")).await?.expect_status(200)?.json()
    }

    /// Waits until a session is in one of some states; answers with the session.
    pub(crate) async fn wait_state(&self, id: &str, states: &[&str]) -> Result<Value> {
        // The stream is open before the look, so nothing falls between the two.
        let path = format!("/v1/sessions/{id}/events?types=session.state");
        let mut stream = self.api.events(&path, None).await?;
        let mut session = self.session(id).await?;
        if !session["state"]["name"].as_str().is_some_and(|name| states.contains(&name)) {
            let wanted = |event: &ServerEvent| event.state().is_some_and(|name| states.contains(&name));
            let what = format!("`{id}`, which was {}, as {states:?}", session["state"]);
            let event = stream.find(WITHIN, &what, wanted).await?;
            session = self.session(id).await?;
            session["state"] = event.data["data"]["state"].clone();
        }
        Ok(session)
    }

    /// The newest QR as JSON; waits for the first.
    pub(crate) async fn qr(&self, id: &str) -> Result<Value> {
        self.api.get(&format!("/v1/sessions/{id}/qr?format=json")).await?.expect_status(200)?.json()
    }

    /// Waits until nobody is connected to the simulated network.
    pub(crate) async fn wait_disconnected(&self) -> Result<()> {
        let gone = async {
            loop {
                let open = self.phones.api().get("/connections").await?.expect_status(200)?.json()?;
                if open.as_array().is_some_and(Vec::is_empty) {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(WITHIN, gone).await.context("somebody is still connected")?
    }

    /// Orders trouble on the simulated network.
    pub(crate) async fn trouble(&self, fault: Value) -> Result<()> {
        self.phones.api().post("/faults", &fault).await?.expect_status(201)?;
        Ok(())
    }

    /// Makes a session and links it by QR to a new phone; waits until it is online.
    pub(crate) async fn link(&self, id: &str) -> Result<Phone> {
        self.create(id).await?;
        let phone = self.phones.buy(id, None).await?;
        let qr = self.qr(id).await?;
        phone.scan(qr["qr"].as_str().context("the QR has a payload")?).await?;
        self.wait_state(id, &["online"]).await?;
        Ok(phone)
    }

    /// Sends a text and expects the network's ack.
    pub(crate) async fn send(&self, id: &str, to: &str, text: &str) -> Result<Value> {
        let body = json!({ "to": to, "text": text });
        self.api.post(&format!("/v1/sessions/{id}/messages"), &body).await?.expect_status(201)?.json()
    }

    /// Every message of a session, newest first.
    pub(crate) async fn messages(&self, id: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut path = format!("/v1/sessions/{id}/messages?page_size=200");
        loop {
            let page = self.api.get(&path).await?.expect_status(200)?.json()?;
            all.extend(page["items"].as_array().context("a list has items")?.clone());
            match page["next_page_token"].as_str() {
                Some(token) => path = format!("/v1/sessions/{id}/messages?page_size=200&page_token={token}"),
                None => return Ok(all),
            }
        }
    }

    /// The number of the newest event: what the log says to a cursor beyond it.
    pub(crate) async fn newest(&self) -> Result<u64> {
        let refused =
            self.api.get("/v1/events?after=4611686018427387904").await?.expect_status(410)?.json()?;
        ensure!(refused["code"] == "cursor-unknown", "{refused}");
        refused["newest"].as_u64().context("the answer names the newest event")
    }

    /// Every event kept, oldest first.
    pub(crate) async fn all_events(&self) -> Result<Vec<ServerEvent>> {
        let newest = self.newest().await?;
        let mut events = Vec::new();
        let mut stream = self.api.events("/v1/events?after=0", None).await?;
        while events.last().is_none_or(|event: &ServerEvent| event.id < Some(newest)) && newest > 0 {
            events.push(stream.next_within(WITHIN).await?);
        }
        Ok(events)
    }
}

/// A place where nobody listens as long as it is held: it is taken, and whoever dials it is refused.
pub(crate) fn nobody_listens() -> Result<tokio::net::TcpSocket> {
    let held = tokio::net::TcpSocket::new_v4()?;
    held.bind("127.0.0.1:0".parse()?)?;
    Ok(held)
}

/// Fails unless an answer is a problem with this status and code; answers with the problem.
pub(crate) fn problem(answer: Answer, status: u16, code: &str) -> Result<Value> {
    let kind = answer.header("content-type").to_owned();
    let answer = answer.expect_status(status)?;
    ensure!(kind.starts_with("application/problem+json"), "{} answered with {kind}", answer.asked);
    let problem = answer.json()?;
    ensure!(problem["code"] == code, "{} answered {problem} and not `{code}`", answer.asked);
    ensure!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "no detail: {problem}");
    Ok(problem)
}

/// Fails unless each session's events are numbered 1, 2, 3 … in this list.
pub(crate) fn check_no_gaps(events: &[ServerEvent]) -> Result<()> {
    let mut next = std::collections::BTreeMap::<&str, u64>::new();
    let mut seq = 0;
    for event in events {
        let expected = next.entry(event.session()).or_insert(1);
        ensure!(event.data["session_seq"] == *expected, "expected number {expected}: {}", event.data);
        *expected += 1;
        ensure!(event.id > Some(seq), "event {:?} after event {seq}", event.id);
        seq = event.id.unwrap_or_default();
    }
    Ok(())
}
