//! What each request means in each state, through the API: every cell of the table on a session of its own, brought into
//! its state by the simulated network. What must happen is the domain's to say, whose own test compares it with the
//! specification.
//!
//! Not every cell can be reached from outside. `stalled` heals itself before anybody could ask, and means what `reconnecting`
//! does; a login under way is as short. Of these the domain's test alone says what is decided.

use crate::harness::{Server, WITHIN, problem};
use anyhow::{Context, Result, bail, ensure};
use enlace_domain::Fault;
use enlace_domain::error::ErrorKind;
use enlace_domain::session::ask::LiveCode;
use enlace_domain::session::{Ask, Decision, Facts, Refusal, StateName, decide};
use enlace_gateway::client::{Answer, Phone};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long the network keeps the QRs of those who must stay `connecting`: less than anybody waits for one, and than a
/// code may take.
const HELD_SECONDS: u32 = 15;

/// One cell's session.
struct Cell {
    id: String,
    phone: Phone,
    state: StateName,
    linked: bool,
    ask: Ask,
}

fn facts(state: StateName, linked: bool) -> Facts {
    let live_code = if state == StateName::AwaitingCode { LiveCode::SamePhone } else { LiveCode::None };
    Facts { linked, live_code, asked_recently: false }
}

async fn make(server: &Server, state: StateName, linked: bool, ask: Ask) -> Result<Cell> {
    let id = format!("{}-{linked}-{ask:?}", state.as_str());
    server.create(&id).await?;
    let phone = server.phones.buy(&id, None).await?;
    Ok(Cell { id, phone, state, linked, ask })
}

impl Cell {
    fn path(&self, rest: &str) -> String {
        format!("/v1/sessions/{}/{rest}", self.id)
    }

    async fn act(&self, server: &Server, action: &str) -> Result<()> {
        server.api.post_empty(&self.path(action)).await?.expect_status(202)?;
        Ok(())
    }

    async fn link(&self, server: &Server) -> Result<()> {
        let qr = server.qr(&self.id).await?;
        self.phone.scan(qr["qr"].as_str().context("a payload")?).await?;
        server.wait_state(&self.id, &["online"]).await?;
        Ok(())
    }

    /// Scans, and lets the phone wait for the end of it, for which nobody waits here.
    async fn scan_aside(&self, server: &Server) -> Result<()> {
        let qr = server.qr(&self.id).await?["qr"].as_str().context("a payload")?.to_owned();
        let phone = self.phone.clone();
        tokio::spawn(async move { phone.scan(&qr).await });
        Ok(())
    }

    async fn trouble(&self, server: &Server, mut fault: Value) -> Result<()> {
        fault["phone"] = self.phone.number.as_str().into();
        server.trouble(fault).await
    }

    async fn ask_to_link(&self, server: &Server, method: &str, force: bool) -> Result<Answer> {
        let mut body = json!({ "method": method, "force": force, "wait": 60 });
        if method == "code" {
            body["phone"] = self.phone.number.as_str().into();
        }
        server.api.post(&self.path("link"), &body).await
    }

    /// Brings the session into its state.
    async fn bring(&self, server: &Server) -> Result<()> {
        match (self.state, self.linked) {
            (StateName::Unlinked, _) => {}
            (StateName::Connecting, _) => {
                // Of each cell one order, taken by whichever of them connects next.
                server.trouble(json!({ "kind": "hold-qr", "seconds": HELD_SECONDS })).await?;
                self.act(server, "start").await?;
            }
            (StateName::AwaitingPasskey, _) => {
                self.trouble(server, json!({ "kind": "demand-passkey" })).await?;
                self.scan_aside(server).await?;
            }
            (StateName::AwaitingScan | StateName::LinkExpired, _) => drop(server.qr(&self.id).await?),
            (StateName::AwaitingCode, _) => {
                self.ask_to_link(server, "code", false).await?.expect_status(200)?;
            }
            (StateName::Pairing, _) => {
                self.trouble(server, json!({ "kind": "hold-restart", "seconds": 60 })).await?;
                self.scan_aside(server).await?;
            }
            (StateName::Stopped, false) => self.act(server, "stop").await?,
            (StateName::Online, _) => self.link(server).await?,
            (StateName::Stopped, true) => {
                self.link(server).await?;
                self.act(server, "stop").await?;
            }
            (StateName::LoggedOut, _) => {
                self.link(server).await?;
                self.act(server, "logout").await?;
            }
            (StateName::Reconnecting, _) => {
                self.link(server).await?;
                self.trouble(server, json!({ "kind": "cut" })).await?;
            }
            (StateName::Replaced, _) => {
                self.link(server).await?;
                self.trouble(server, json!({ "kind": "stream-error", "code": 409 })).await?;
            }
            (StateName::Restricted, _) => {
                self.link(server).await?;
                self.trouble(server, json!({ "kind": "failure", "code": 402, "seconds": 3600 })).await?;
                self.act(server, "restart").await?;
            }
            (other, _) => bail!("nobody has said how {} is reached", other.as_str()),
        }
        if self.state != StateName::LinkExpired {
            server.wait_state(&self.id, &[self.state.as_str()]).await?;
        }
        Ok(())
    }

    async fn ask(&self, server: &Server) -> Result<Answer> {
        match self.ask {
            Ask::Qr => server.api.get(&self.path("qr?format=json&wait=60")).await,
            Ask::LinkQr => self.ask_to_link(server, "qr", false).await,
            Ask::LinkCode => self.ask_to_link(server, "code", false).await,
            Ask::ForceQr => self.ask_to_link(server, "qr", true).await,
            Ask::ForceCode => self.ask_to_link(server, "code", true).await,
            Ask::Start => server.api.post_empty(&self.path("start")).await,
            Ask::Stop => server.api.post_empty(&self.path("stop")).await,
            Ask::Restart => server.api.post_empty(&self.path("restart")).await,
            Ask::Logout => server.api.post_empty(&self.path("logout")).await,
            Ask::Delete => server.api.delete(&format!("/v1/sessions/{}", self.id)).await,
            Ask::Send => {
                let wait = if self.state == StateName::Online { 30 } else { 0 };
                let friend = server.phones.buy("Friend", None).await?;
                let body = json!({ "to": friend.number, "text": "hello", "wait": wait });
                server.api.post(&self.path("messages"), &body).await
            }
        }
    }

    /// Asks, and sees that what the domain decides is what happens.
    async fn check(&self, server: &Server) -> Result<()> {
        let decision = decide(self.state, facts(self.state, self.linked), self.ask);
        let answer = self.ask(server).await?;
        self.check_outcome(server, decision, answer)
            .await
            .with_context(|| format!("{} asked {:?}, decided {decision:?}", self.state.as_str(), self.ask))
    }

    async fn check_outcome(&self, server: &Server, decision: Decision, answer: Answer) -> Result<()> {
        let is_link =
            matches!(self.ask, Ask::Qr | Ask::LinkQr | Ask::LinkCode | Ask::ForceQr | Ask::ForceCode);
        match decision {
            Decision::Refuse(refusal) => self.check_refusal(server, refusal, answer).await,
            Decision::UnlinkAndBegin => {
                self.check_secret(answer)?;
                self.check_unlinked().await?;
                self.check_state(server, &["awaiting_scan", "awaiting_code"]).await
            }
            Decision::BeginLink if is_link => {
                self.check_secret(answer)?;
                self.check_state(server, &["awaiting_scan", "awaiting_code"]).await
            }
            Decision::JoinLink | Decision::AddCode | Decision::ReturnCode | Decision::ReplaceCode => {
                self.check_secret(answer)?;
                self.check_state(server, &["awaiting_scan", "awaiting_code", "awaiting_passkey"]).await
            }
            Decision::BeginLink | Decision::RestartLink => {
                answer.expect_status(202)?;
                self.check_state(server, &["awaiting_scan"]).await
            }
            Decision::Connect | Decision::Reconnect => {
                answer.expect_status(202)?;
                self.check_state(server, &["online"]).await
            }
            Decision::Stop => {
                answer.expect_status(202)?;
                self.check_state(server, &["stopped"]).await
            }
            Decision::Unlink => {
                answer.expect_status(202)?;
                self.check_state(server, &["logged_out"]).await
            }
            Decision::AbandonLink => {
                answer.expect_status(202)?;
                self.check_state(server, &["unlinked"]).await
            }
            Decision::Delete => {
                answer.expect_status(204)?;
                let gone = server.api.get(&format!("/v1/sessions/{}", self.id)).await?;
                problem(gone, 404, "session-not-found").map(drop)
            }
            Decision::Send => answer.expect_status(201).map(drop),
            Decision::Hold => answer.expect_status(202).map(drop),
            Decision::Nothing => {
                answer.expect_status(202)?;
                self.check_state(server, &[self.state.as_str()]).await
            }
        }
    }

    /// Refused with the refusal's own word, and nothing has changed.
    async fn check_refusal(&self, server: &Server, refusal: Refusal, answer: Answer) -> Result<()> {
        let status = if refusal.kind() == ErrorKind::Gone { 410 } else { 409 };
        let header = answer.header("retry-after").to_owned();
        problem(answer, status, refusal.code())?;
        ensure!(refusal.retry_after().is_none_or(|seconds| header == seconds.to_string()), "Retry-After");
        let session = server.session(&self.id).await?;
        ensure!(session["state"]["name"] == self.state.as_str(), "it is now {session}");
        Ok(())
    }

    /// The network may have to be told a second time.
    async fn check_unlinked(&self) -> Result<()> {
        let gone = async {
            while !self.phone.devices().await?.is_empty() {}
            anyhow::Ok(())
        };
        timeout(WITHIN, gone).await.context("the old device is still linked")?
    }

    /// A QR or a code, never an empty success.
    fn check_secret(&self, answer: Answer) -> Result<()> {
        let body = answer.expect_status(200)?.json()?;
        let secret = match self.ask {
            Ask::Qr => &body["qr"],
            Ask::LinkQr | Ask::ForceQr => &body["qr"]["qr"],
            _ => &body["code"]["code"],
        };
        ensure!(secret.as_str().is_some_and(|secret| secret.len() >= 8), "{body}");
        Ok(())
    }

    async fn check_state(&self, server: &Server, states: &[&str]) -> Result<()> {
        server.wait_state(&self.id, states).await.map(drop)
    }
}

async fn every_ask(server: &Server, state: StateName, linked: bool) -> Result<Vec<Cell>> {
    let cells = Ask::ALL.map(|ask| make(server, state, linked, ask));
    let cells = try_join_all(cells).await?;
    try_join_all(cells.iter().map(|cell| cell.bring(server))).await?;
    Ok(cells)
}

#[tokio::test]
async fn every_state_answers_every_ask_through_the_api() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Who is lost stays lost for as long as the test takes.
    let patient = [
        ("ENLACE_SESSIONS_RECONNECT_FIRST_SECONDS", "600"),
        ("ENLACE_SESSIONS_RECONNECT_MAX_SECONDS", "600"),
    ];
    let server = Server::start_in(folder.path(), &["--simulator"], &patient).await?;
    for (state, linked) in [
        (StateName::Unlinked, false),
        (StateName::Connecting, false),
        (StateName::AwaitingScan, false),
        (StateName::AwaitingCode, false),
        (StateName::AwaitingPasskey, false),
        (StateName::Pairing, true),
        (StateName::Online, true),
        (StateName::Reconnecting, true),
        (StateName::LoggedOut, false),
        (StateName::Replaced, true),
        (StateName::Restricted, true),
        (StateName::Stopped, true),
        (StateName::Stopped, false),
    ] {
        let cells = every_ask(&server, state, linked).await?;
        try_join_all(cells.iter().map(|cell| cell.check(&server))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_link_answers_every_ask_through_the_api() -> Result<()> {
    let mut server = Server::start().await?;
    let cells = every_ask(&server, StateName::LinkExpired, false).await?;
    server.stop().await?;
    server.start_again(&["--simulator"]).await?;
    for cell in &cells {
        server.wait_state(&cell.id, &["link_expired"]).await?;
    }
    try_join_all(cells.iter().map(|cell| cell.check(&server))).await?;
    Ok(())
}

/// The one cell that knows when somebody asked last.
#[tokio::test]
async fn an_expired_link_is_gone_for_who_asked_a_moment_ago() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // One QR of three seconds.
    let short = [("ENLACE_SIMULATOR_SPEED", "20"), ("ENLACE_SIMULATOR_REFS", "1")];
    let server = Server::start_in(folder.path(), &["--simulator"], &short).await?;
    server.create("ana").await?;
    server.qr("ana").await?;
    let session = server.wait_state("ana", &["link_expired"]).await?;
    ensure!(session["state"]["reason"] == "round-over", "{session}");
    problem(server.api.get("/v1/sessions/ana/qr").await?, 410, "link-expired")?;
    ensure!(server.session("ana").await?["state"] == session["state"], "the look began something");
    Ok(())
}
