//! The errand itself: ask for the link, show what comes, and end when the session is online or will not be.

use super::LinkError;
use super::screen::Screen;
use super::words::{Meaning, meaning};
use crate::cli::LinkArgs;
use crate::client::{Answer, Api, EventStream, ServerEvent};
use anyhow::anyhow;
use enlace_domain::clock::{Clock, SystemClock, Timestamp};
use enlace_domain::id::SessionId;
use enlace_web::qr::{self, Frame, Matrix};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What is heard while it lasts. Asking for `session.qr` keeps the QRs rotating.
const HEARD: &str = "session.qr,session.pairing_code,session.state,session.deleted";
/// The name of the first session.
const FIRST: &str = "default";
const TICK: Duration = Duration::from_millis(250);

/// One link, from asking for it to its end.
pub(super) struct Errand<'a> {
    api: Api,
    args: &'a LinkArgs,
    screen: Screen,
    session: String,
    simulated: bool,
    /// What was said last, so that it is said once.
    said: String,
    /// The QR or code on the screen.
    shown: String,
}

impl<'a> Errand<'a> {
    pub(super) fn new(api: Api, args: &'a LinkArgs, screen: Screen) -> Self {
        Self {
            api,
            args,
            screen,
            session: String::new(),
            simulated: false,
            said: String::new(),
            shown: String::new(),
        }
    }

    /// Others may write again.
    pub(super) fn leave_the_screen(&mut self) {
        self.screen.leave();
    }

    /// Answers with a sentence about the session that is online now.
    pub(super) async fn run(&mut self) -> Result<String, LinkError> {
        self.session = self.choose().await?;
        let path = format!("/v1/sessions/{}", self.session);
        // Open before the link is asked for, so that nothing falls between the two.
        let mut stream = self.api.events(&format!("{path}/events?types={HEARD}"), None).await?;
        let what = if self.args.code.is_some() { "pairing code" } else { "QR" };
        self.screen
            .say(&format!("Asking the network for a {what} for the session `{}` \u{2026}", self.session));
        let answer = self.api.post(&format!("{path}/link"), &self.wish()).await?;
        self.simulated = answer.header("enlace-network") == "simulator";
        let answer = self.accepted(&answer)?;
        self.show_answer(&answer);
        self.wait(&mut stream).await
    }

    /// The session that was named, or the only one there is; made when there is none.
    async fn choose(&self) -> Result<String, LinkError> {
        let Some(id) = &self.args.session else {
            let list = self.accepted(&self.api.get("/v1/sessions?page_size=2").await?)?;
            return match list["items"].as_array().map(Vec::as_slice) {
                Some([]) => self.make(FIRST).await,
                Some([only]) => Ok(only["id"].as_str().unwrap_or_default().to_owned()),
                _ => Err(LinkError::WhichSession),
            };
        };
        let id = SessionId::parse(id).map_err(|_| LinkError::SessionId(id.clone()))?.to_string();
        let found = self.api.get(&format!("/v1/sessions/{id}")).await?;
        if found.status == StatusCode::NOT_FOUND {
            return self.make(&id).await;
        }
        self.accepted(&found)?;
        Ok(id)
    }

    async fn make(&self, id: &str) -> Result<String, LinkError> {
        self.accepted(&self.api.post("/v1/sessions", &json!({ "id": id })).await?)?;
        Ok(id.to_owned())
    }

    fn wish(&self) -> Value {
        let LinkArgs { code, force, expect_phone, .. } = self.args;
        let mut wish = match code {
            Some(phone) => json!({ "method": "code", "phone": phone, "wait": 60 }),
            None => json!({ "method": "qr", "wait": 60 }),
        };
        wish["force"] = (*force).into();
        if let Some(phone) = expect_phone {
            wish["expect_phone"] = phone.as_str().into();
        }
        wish
    }

    /// The body of an answer that is no problem.
    fn accepted(&self, answer: &Answer) -> Result<Value, LinkError> {
        if answer.status.is_success() {
            return Ok(answer.json()?);
        }
        let problem = answer.json().unwrap_or_default();
        let detail = problem["detail"].as_str();
        Err(match problem["code"].as_str() {
            Some("key-missing" | "key-invalid" | "key-expired") => {
                LinkError::Refused(format!("{}; --key or ENLACE_KEY give it", detail.unwrap_or_default()))
            }
            Some("already-linked") => LinkError::Refused(format!(
                "the session `{}` is linked to a phone, and its link was not touched; --force unlinks that phone first",
                self.session
            )),
            _ => match detail {
                Some(detail) => LinkError::Refused(detail.to_owned()),
                None => anyhow!("{} answered {}", answer.asked, answer.status).into(),
            },
        })
    }

    fn show_answer(&mut self, answer: &Value) {
        if let Some(display) = answer["code"]["display"].as_str() {
            let left = instant(&answer["code"]["expires_at"]).map(|end| end - SystemClock.now());
            let left = left.and_then(|left| left.to_std().ok()).unwrap_or_default();
            self.show_code(display, left);
        } else if let Some(payload) = answer["qr"]["qr"].as_str() {
            let seconds = answer["qr"]["refresh_in"].as_u64().unwrap_or_default();
            self.show_qr(payload, Duration::from_secs(seconds));
        }
    }

    async fn wait(&mut self, stream: &mut EventStream) -> Result<String, LinkError> {
        let mut tick = tokio::time::interval(TICK);
        loop {
            let event = tokio::select! {
                event = stream.next() => event?,
                _ = tick.tick() => {
                    self.screen.count_down(Instant::now());
                    continue;
                }
            };
            let Some(event) = event else {
                return Err(LinkError::Ended(
                    "the gateway stopped, or the key ended, before the phone was linked; the session tells how far it \
                     came"
                        .to_owned(),
                ));
            };
            if let Some(sentence) = self.hear(&event).await? {
                return Ok(sentence);
            }
        }
    }

    /// One event; answers with the last sentence when the session is online.
    async fn hear(&mut self, event: &ServerEvent) -> Result<Option<String>, LinkError> {
        let data = &event.data["data"];
        match event.kind() {
            "session.qr" if self.args.code.is_none() => {
                if let Some(payload) = data["qr"].as_str() {
                    self.show_qr(payload, life(data));
                }
            }
            // A code that linked is dead too, and what follows says so better.
            "session.pairing_code" if data["reason"] == "link-accepted" => {}
            "session.pairing_code" if data["status"] == "dead" => self.say(&format!(
                "The network gave up this code ({}).",
                data["reason"].as_str().unwrap_or("no reason told")
            )),
            "session.pairing_code" if self.args.code.is_some() => {
                if data["status"] == "renewed" {
                    // The same characters live longer.
                    self.shown.clear();
                }
                if let Some(display) = data["display"].as_str() {
                    self.show_code(display, life(data));
                }
            }
            "session.deleted" => {
                return Err(LinkError::Ended("the session was deleted before a phone was linked".to_owned()));
            }
            "session.state" => match meaning(&data["state"]) {
                Meaning::Nothing => {}
                Meaning::News(words) => self.say(&words),
                Meaning::Done | Meaning::Ended(_) => return self.look().await,
            },
            _ => {}
        }
        Ok(None)
    }

    /// What the session is now: an event may tell how it was before this link, which a forced one ended.
    async fn look(&mut self) -> Result<Option<String>, LinkError> {
        let session = self.api.get(&format!("/v1/sessions/{}", self.session)).await?;
        let session = self.accepted(&session)?;
        match meaning(&session["state"]) {
            Meaning::Nothing => Ok(None),
            Meaning::News(words) => {
                self.say(&words);
                Ok(None)
            }
            Meaning::Done => {
                let phone = session["phone"].as_str().unwrap_or_default();
                let network = if self.simulated { " on the SIMULATED network" } else { "" };
                Ok(Some(format!("The session `{}` is online as +{phone}{network}.", self.session)))
            }
            Meaning::Ended(words) => Err(LinkError::Ended(words)),
        }
    }

    fn say(&mut self, words: &str) {
        if self.said != words {
            self.screen.say(words);
            words.clone_into(&mut self.said);
        }
    }

    /// Whether it is another one than what is on the screen: the answer and the event tell of the same.
    fn is_new(&mut self, secret: &str) -> bool {
        let new = self.shown != secret;
        secret.clone_into(&mut self.shown);
        new
    }

    fn show_qr(&mut self, payload: &str, lives: Duration) {
        if !self.is_new(payload) {
            return;
        }
        let Ok(matrix) = Matrix::encode(payload) else {
            self.say("The network gave a payload that no QR can hold; `enlace link --code PHONE` links without one.");
            return;
        };
        let picture = qr::terminal(&matrix, Frame::default());
        let how = if self.simulated {
            "SIMULATED network: only a simulated phone can scan this."
        } else {
            "On the phone: WhatsApp, Linked devices, Link a device. The next QR follows by itself."
        };
        self.screen.show(&format!("{picture}{how}"), lives, Instant::now());
    }

    fn show_code(&mut self, display: &str, lives: Duration) {
        if !self.is_new(display) {
            return;
        }
        let how = if self.simulated {
            "SIMULATED network: only a simulated phone can type this."
        } else {
            "On the phone: WhatsApp, Linked devices, Link a device, Link with phone number instead."
        };
        self.screen.show(&format!("\n    {display}\n\n{how}"), lives, Instant::now());
    }
}

/// How long what an event tells of lives, by the gateway's own clock.
fn life(data: &Value) -> Duration {
    let (from, to) = (instant(&data["issued_at"]), instant(&data["expires_at"]));
    let life = from.zip(to).and_then(|(from, to)| (to - from).to_std().ok());
    life.unwrap_or_default()
}

fn instant(text: &Value) -> Option<Timestamp> {
    text.as_str()?.parse().ok()
}
