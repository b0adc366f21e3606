//! A client that does what a sane one does: it asks, shows what is newest to the phone, looks at the session's state, and
//! asks again a few times when it rests. It knows nothing of the troubles.

use super::plan::{Method, Moment, Trouble};
use super::wire::Wire;
use anyhow::{Context, Result};
use enlace_gateway::client::{Answer, Api, EventStream, Phone, Phones};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How often a link, or a start, is asked for.
const ASKS: usize = 4;
/// How often a code is asked for before the person is offered a QR.
const CODES: usize = 2;
/// Longest time that a phone is watched doing what it was told; then the person looks at the page again.
const PHONE: Duration = Duration::from_secs(20);
/// Between what strikes while something is shown and the hand that goes on as if nothing were.
const HAND: Duration = Duration::from_millis(200);
/// How long a client waits for news before it looks by itself.
const NEWS: Duration = Duration::from_secs(5);
/// How long the session may take to hear that the phone accepted; then the client goes by what it sees.
const ACCEPTED: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// A client that was refused waits at least this long, and no longer than that before it asks again.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How a link ended, and what it took.
#[derive(Debug)]
pub(crate) struct Story {
    /// The name of the state at the end and its reason.
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    /// How often the API was asked to link or to start, and how often the phone had to scan or type, whichever is more.
    pub(crate) tries: usize,
    /// From the first request until the end.
    pub(crate) took: Duration,
    /// Problems of the API and of the phone, by code.
    pub(crate) problems: Vec<String>,
    /// Connections that its order struck at once.
    pub(crate) struck: u64,
    /// The number of its order for trouble, and how often that was to strike.
    pub(crate) order: Option<(u64, u64)>,
}

/// One link under way.
pub(crate) struct Caller<'a> {
    api: &'a Api,
    phones: &'a Phones,
    phone: Phone,
    path: String,
    method: Method,
    trouble: Option<&'a Trouble>,
    news: EventStream,
    began: Instant,
    asks: usize,
    acts: usize,
    refused_codes: usize,
    /// Between the session and the network, where its connection has to be known by its QR.
    wire: Option<Wire>,
    code: Option<String>,
    /// The QR that the phone scanned last.
    scanned: Option<String>,
    story: Story,
}

/// Whether nothing happens in a state until somebody asks.
pub(crate) fn rests(state: &str) -> bool {
    matches!(state, "link_expired" | "logged_out" | "replaced" | "restricted" | "stopped")
}

/// Whether it is one of those before a phone accepts.
fn shows(state: &str) -> bool {
    matches!(state, "unlinked" | "connecting" | "awaiting_scan" | "awaiting_code")
}

impl<'a> Caller<'a> {
    /// Makes a session and buys a phone for it. Nothing is asked yet.
    pub(crate) async fn new(
        api: &'a Api,
        phones: &'a Phones,
        id: &str,
        method: Method,
        trouble: Option<&'a Trouble>,
    ) -> Result<Self> {
        let shown = method == Method::Qr && trouble.is_some_and(|trouble| trouble.moment == Moment::Shown);
        let wire = if shown { Some(Wire::open().await?) } else { None };
        let session = json!({ "id": id, "proxy": wire.as_ref().map(|wire| &wire.url) });
        api.post("/v1/sessions", &session).await?.expect_status(201)?;
        let phone = phones.buy(id, None).await?;
        let path = format!("/v1/sessions/{id}");
        // To whoever looks at its stream a session shows its QRs.
        let news = api.events(&format!("{path}/events?types=session.state,session.qr"), None).await?;
        let story = Story {
            state: String::new(),
            reason: None,
            tries: 0,
            took: Duration::ZERO,
            problems: Vec::new(),
            struck: 0,
            order: None,
        };
        Ok(Self {
            api,
            phones,
            phone,
            path,
            method,
            trouble,
            news,
            began: Instant::now(),
            asks: 0,
            acts: 0,
            refused_codes: 0,
            wire,
            code: None,
            scanned: None,
            story,
        })
    }

    /// Links. Whoever calls bounds the time.
    pub(crate) async fn link(mut self) -> Result<Story> {
        match self.trouble.map(|trouble| trouble.moment) {
            Some(Moment::Dial) => self.order(json!({})).await?,
            Some(Moment::Phone) => self.order(json!({ "phone": self.phone.number })).await?,
            Some(Moment::Shown | Moment::Accepted) | None => {}
        }
        self.began = Instant::now();
        self.ask().await?;
        loop {
            let state = self.state().await?;
            let name = text(&state, "name")?.to_owned();
            if name == "online" || (rests(&name) && (self.asks >= ASKS || !state["until"].is_null())) {
                self.story.state = name;
                self.story.reason = state["reason"].as_str().map(str::to_owned);
                self.story.tries = self.asks.max(self.acts);
                self.story.took = self.began.elapsed();
                return Ok(self.story);
            }
            match name.as_str() {
                "unlinked" | "link_expired" | "logged_out" => self.ask().await?,
                "stopped" | "replaced" | "restricted" => self.start().await?,
                "awaiting_scan" | "awaiting_code" => self.act().await?,
                _ => self.wait_for_news().await?,
            }
        }
    }

    /// Something happened, or it is time to look again.
    async fn wait_for_news(&mut self) -> Result<()> {
        match timeout(NEWS, self.news.next()).await {
            Ok(event) => event?.map(|_| ()).context("the session's stream ended"),
            Err(_) => Ok(()),
        }
    }

    fn by_code(&self) -> bool {
        self.method == Method::Code && self.refused_codes < CODES
    }

    async fn ask(&mut self) -> Result<()> {
        self.asks += 1;
        self.code = None;
        if self.by_code() { self.ask_for_code().await } else { self.ask_for_qr().await }
    }

    async fn ask_for_qr(&mut self) -> Result<()> {
        let answer = self.api.post(&format!("{}/link", self.path), &json!({ "method": "qr" })).await?;
        if !answer.status.is_success() {
            self.refused(&answer).await?;
        }
        Ok(())
    }

    async fn ask_for_code(&mut self) -> Result<()> {
        let ask = json!({ "method": "code", "phone": self.phone.number });
        let answer = self.api.post(&format!("{}/link", self.path), &ask).await?;
        if answer.status.is_success() {
            self.code = answer.json()?["code"]["code"].as_str().map(str::to_owned);
            return Ok(());
        }
        if self.refused(&answer).await? == "code-refused" {
            self.refused_codes += 1;
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<()> {
        self.asks += 1;
        let answer = self.api.post_empty(&format!("{}/start", self.path)).await?;
        if !answer.status.is_success() {
            self.refused(&answer).await?;
        }
        Ok(())
    }

    /// Shows the phone what is newest.
    async fn act(&mut self) -> Result<()> {
        if self.by_code() {
            let Some(code) = self.code.clone() else {
                // The code was refused, or is dead; QRs are shown meanwhile.
                self.asks += 1;
                return self.ask_for_code().await;
            };
            self.trouble_while_shown().await?;
            self.acts += 1;
            let phone = self.phone.clone();
            return self.watch_phone(async move { phone.try_type_code(&code).await }).await;
        }
        let answer = self.api.get(&format!("{}/qr?format=json", self.path)).await?;
        if !answer.status.is_success() {
            return self.refused(&answer).await.map(|_| ());
        }
        let qr = text(&answer.json()?, "qr")?.to_owned();
        if self.scanned.as_deref() == Some(qr.as_str()) {
            // A QR is good for one scan: the next one is waited for.
            return self.wait_for_news().await;
        }
        self.scanned = Some(qr.clone());
        self.trouble_while_shown().await?;
        self.acts += 1;
        let phone = self.phone.clone();
        self.watch_phone(async move { phone.try_scan(&qr).await }).await
    }

    async fn watch_phone(&mut self, acting: impl Future<Output = Result<Answer>>) -> Result<()> {
        let Ok(answer) = timeout(PHONE, acting).await else {
            self.story.problems.push("phone: no answer".to_owned());
            return Ok(());
        };
        let answer = answer?;
        if answer.status.is_success() {
            self.trouble_once_accepted().await?;
            return self.wait_for_acceptance().await;
        }
        let code = problem(&answer)?;
        if ["code-wrong", "code-not-pending"].contains(&code.as_str()) {
            // What was typed is dead: the API knows the live one.
            self.code = None;
        }
        self.story.problems.push(format!("phone: {code}"));
        // News may have come meanwhile; a person takes a moment either way.
        sleep(PAUSE).await;
        Ok(())
    }

    /// The session hears of it a moment later than the phone, and what is shown until then is used up.
    async fn wait_for_acceptance(&self) -> Result<()> {
        let deadline = Instant::now() + ACCEPTED;
        while shows(text(&self.state().await?, "name")?) && Instant::now() < deadline {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn state(&self) -> Result<Value> {
        Ok(self.api.get(&self.path).await?.expect_status(200)?.json()?["state"].clone())
    }

    /// Notes a problem and waits as long as it says.
    async fn refused(&mut self, answer: &Answer) -> Result<String> {
        let code = problem(answer)?;
        self.story.problems.push(code.clone());
        if ["pairing", "already-linked"].contains(&code.as_str()) {
            // It goes on by itself, and the state tells when.
            return Ok(code);
        }
        let asked = answer.header("retry-after").parse().map_or(PAUSE, Duration::from_secs);
        sleep(asked.clamp(PAUSE, PAUSE_MAX)).await;
        Ok(code)
    }

    async fn trouble_while_shown(&mut self) -> Result<()> {
        if self.trouble.is_none_or(|trouble| trouble.moment != Moment::Shown) || self.story.order.is_some() {
            return Ok(());
        }
        let connection = match self.method {
            Method::Code if self.code.is_some() => self.prompting_connection().await?,
            _ => self.showing_connection().await?,
        };
        match connection {
            Some(connection) => self.order(json!({ "connection": connection })).await?,
            None => return Ok(()),
        }
        sleep(HAND).await;
        Ok(())
    }

    async fn trouble_once_accepted(&mut self) -> Result<()> {
        if self.trouble.is_none_or(|trouble| trouble.moment != Moment::Accepted) || self.story.order.is_some()
        {
            return Ok(());
        }
        self.order(json!({ "phone": self.phone.number, "after": 0.2 })).await
    }

    /// The connection that asks this phone for a code.
    async fn prompting_connection(&self) -> Result<Option<u64>> {
        let phone = self.phones.api().get(&format!("/phones/{}", self.phone.number)).await?;
        Ok(phone.expect_status(200)?.json()?["link_prompts"][0]["connection"].as_u64())
    }

    /// The connection that shows this link's QR.
    async fn showing_connection(&self) -> Result<Option<u64>> {
        let Some(wire) = &self.wire else { return Ok(None) };
        let list = self.phones.api().get("/connections").await?.expect_status(200)?.json()?;
        let peer = wire.peer();
        let mut list = list.as_array().context("the connections are no list")?.iter();
        Ok(list.find(|one| one["peer"] == peer.as_str()).and_then(|one| one["id"].as_u64()))
    }

    async fn order(&mut self, whom: Value) -> Result<()> {
        let Some(trouble) = self.trouble else { return Ok(()) };
        let mut order = trouble.order();
        if let (Some(order), Some(whom)) = (order.as_object_mut(), whom.as_object()) {
            order.extend(whom.clone());
        }
        let answer = self.phones.api().post("/faults", &order).await?.expect_status(201)?.json()?;
        let count = order["count"].as_u64().unwrap_or(1);
        self.story.order = answer["id"].as_u64().map(|id| (id, count));
        self.story.struck = answer["struck"].as_u64().unwrap_or_default();
        Ok(())
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("no `{field}` in {value}"))
}

fn problem(answer: &Answer) -> Result<String> {
    text(&answer.json()?, "code").map(str::to_owned).with_context(|| answer.asked.clone())
}
