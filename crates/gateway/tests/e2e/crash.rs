//! `kill -9` at named points, on one data directory, with the simulated network in the killed process.
//!
//! Each round kills the gateway at a point it has watched it reach, starts it again, and checks what must hold: linked
//! sessions come back online without a QR, half-done links rest (or come online when the pairing had been stored), every
//! session's events are numbered without a gap, and no text is lost or doubled, neither on the phone nor in the API.

use crate::harness::{Server, WITHIN, check_no_gaps};
use anyhow::{Context, Result, ensure};
use enlace_gateway::client::{Phone, ServerEvent};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TEXTS: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    QrShown,
    CodeShown,
    AfterScan,
    BetweenPairSuccessAndRestart,
    FirstLogin,
    DuringSend,
    DuringReceive,
}

const POINTS: [Point; 7] = [
    Point::QrShown,
    Point::CodeShown,
    Point::AfterScan,
    Point::BetweenPairSuccessAndRestart,
    Point::FirstLogin,
    Point::DuringSend,
    Point::DuringReceive,
];

/// What must be so after every round.
struct World {
    server: Server,
    /// The number of the linked session `ana`, which lives through all rounds.
    ana: String,
    /// A phone that nobody companions.
    friend: String,
    /// Linked sessions, with how many QRs each was ever shown.
    linked: BTreeMap<String, usize>,
    /// Texts that the API accepted for the friend.
    sent: Vec<String>,
    /// Requests that a kill cut off in the middle: without any, nothing was tried.
    cut_off: usize,
}

#[tokio::test]
async fn kill_9_at_every_point_loses_and_doubles_nothing() -> Result<()> {
    let server = Server::start().await?;
    let ana = server.link("ana").await?.number;
    let friend = server.phones.buy("Friend", None).await?.number;
    let mut world = World { server, ana, friend, linked: BTreeMap::new(), sent: Vec::new(), cut_off: 0 };
    world.remember_linked("ana").await?;
    for round in 0..3 * POINTS.len() {
        let point = POINTS[round % POINTS.len()];
        let done = world.round(round, point).await;
        done.with_context(|| {
            format!("round {round}: {point:?}; the log: {}", world.server.process.errors())
        })?;
    }
    ensure!(world.cut_off >= POINTS.len(), "the kills cut off {} requests only", world.cut_off);
    world.server.stop().await
}

impl World {
    async fn round(&mut self, round: usize, point: Point) -> Result<()> {
        let id = format!("s{round}");
        match point {
            Point::QrShown => {
                self.server.create(&id).await?;
                self.server.qr(&id).await?;
                self.kill_and_start().await?;
                self.check_rests(&id).await?;
            }
            Point::CodeShown => {
                self.server.create(&id).await?;
                let phone = self.server.phones.buy(&id, None).await?;
                let ask = json!({ "method": "code", "phone": phone.number });
                let path = format!("/v1/sessions/{id}/link");
                self.server.api.post(&path, &ask).await?.expect_status(200)?;
                self.kill_and_start().await?;
                self.check_rests(&id).await?;
            }
            Point::AfterScan => {
                let (phone, payload) = self.ready_to_scan(&id).await?;
                phone.scan(&payload).await?;
                self.kill_and_start().await?;
                self.check_rests_or_online(&id).await?;
            }
            Point::BetweenPairSuccessAndRestart => {
                let hold = json!({ "kind": "hold-restart", "seconds": 60 });
                let ordered = self.server.phones.api().post("/faults", &hold).await?;
                ensure!(ordered.status.is_success(), "{}", ordered.text());
                self.kill_at_step(&id, &["accepted"]).await?;
                // The phone's acceptance was stored before it was told, so it counts.
                self.check_comes_online(&id).await?;
            }
            Point::FirstLogin => {
                self.kill_at_step(&id, &["connecting", "syncing"]).await?;
                self.check_comes_online(&id).await?;
            }
            Point::DuringSend => self.kill_during_send(round).await?,
            Point::DuringReceive => self.kill_during_receive(round).await?,
        }
        self.check().await
    }

    async fn kill_and_start(&mut self) -> Result<()> {
        self.server.process.kill().await?;
        self.server.start_again(&["--simulator"]).await
    }

    async fn ready_to_scan(&self, id: &str) -> Result<(Phone, String)> {
        self.server.create(id).await?;
        let phone = self.server.phones.buy(id, None).await?;
        let payload = self.server.qr(id).await?["qr"].as_str().context("a payload")?.to_owned();
        Ok((phone, payload))
    }

    /// Scans, and kills the moment the stream shows one of some steps of `pairing`.
    async fn kill_at_step(&mut self, id: &str, steps: &[&str]) -> Result<()> {
        let (phone, payload) = self.ready_to_scan(id).await?;
        let path = format!("/v1/sessions/{id}/events?types=session.state");
        let mut stream = self.server.api.events(&path, Some(0)).await?;
        let scan = tokio::spawn(async move { phone.scan(&payload).await });
        let at_step = |event: &ServerEvent| {
            event.data["data"]["state"]["step"].as_str().is_some_and(|s| steps.contains(&s))
        };
        stream.find(WITHIN, &format!("a step of {steps:?}"), at_step).await?;
        self.server.process.kill().await?;
        // Its answer may have been cut off; that is the point.
        let _ = scan.await;
        self.server.start_again(&["--simulator"]).await
    }

    async fn check_rests(&self, id: &str) -> Result<()> {
        let session = self.server.wait_state(id, &["link_expired"]).await?;
        ensure!(session["state"]["reason"] == "gateway-restarted", "{session}");
        Ok(())
    }

    async fn check_comes_online(&mut self, id: &str) -> Result<()> {
        self.server.wait_state(id, &["online"]).await?;
        self.remember_linked(id).await
    }

    async fn check_rests_or_online(&mut self, id: &str) -> Result<()> {
        let session = self.server.wait_state(id, &["link_expired", "online"]).await?;
        if session["state"]["name"] == "online" { self.remember_linked(id).await } else { Ok(()) }
    }

    async fn remember_linked(&mut self, id: &str) -> Result<()> {
        let shown = qrs(&self.server.all_events().await?, id);
        self.linked.insert(id.to_owned(), shown);
        Ok(())
    }

    async fn kill_during_send(&mut self, round: usize) -> Result<()> {
        let texts: Vec<String> = (0..TEXTS).map(|n| format!("out {round} {n}")).collect();
        let mut sent = self.server.api.events("/v1/sessions/ana/events?types=message.sent", None).await?;
        let under_way: Vec<_> = texts.iter().map(|text| tokio::spawn(self.post_text(text))).collect();
        // Some are acknowledged, the others are anywhere between the request and the ack.
        for _ in 0..=round % 5 {
            sent.next_within(WITHIN).await?;
        }
        self.server.process.kill().await?;
        for task in under_way {
            if task.await?.is_err() {
                self.cut_off += 1;
            }
        }
        self.server.start_again(&["--simulator"]).await?;
        self.server.wait_state("ana", &["online"]).await?;
        // Whoever got no answer asks again with the same key.
        for answer in join_all(texts.iter().map(|text| self.post_text(text))).await {
            let answer = answer?;
            ensure!(
                [200, 201, 202].contains(&answer.status.as_u16()),
                "{}: {}",
                answer.status,
                answer.text()
            );
        }
        self.sent.extend(texts);
        Ok(())
    }

    /// The same request every time, so that it may be repeated with its key.
    fn post_text(&self, text: &str) -> impl Future<Output = Result<enlace_gateway::client::Answer>> + use<> {
        let (api, key) = (self.server.api.clone(), text.replace(' ', "-"));
        let body = json!({ "to": self.friend, "text": text, "wait": 20 });
        async move {
            api.ask(Method::POST, "/v1/sessions/ana/messages", Some(&body), &[("idempotency-key", &key)])
                .await
        }
    }

    async fn kill_during_receive(&mut self, round: usize) -> Result<()> {
        let friend = self.phone(&self.friend).await?;
        let mut stream =
            self.server.api.events("/v1/sessions/ana/events?types=message.received", None).await?;
        let ana = self.ana.clone();
        let writing = tokio::spawn(async move {
            for n in 0..TEXTS {
                // The network dies with the gateway: what it did not take is not on the phone either.
                if friend.send_text(&ana, &format!("in {round} {n}")).await.is_err() {
                    return true;
                }
            }
            false
        });
        for _ in 0..=round % 5 {
            stream.next_within(WITHIN).await?;
        }
        self.server.process.kill().await?;
        self.cut_off += usize::from(writing.await?);
        self.server.start_again(&["--simulator"]).await
    }

    async fn phone(&self, number: &str) -> Result<Phone> {
        self.server.phones.phone(number).await
    }

    /// What must hold after every round.
    async fn check(&self) -> Result<()> {
        for id in self.linked.keys() {
            self.server.wait_state(id, &["online"]).await.with_context(|| format!("linked `{id}`"))?;
        }
        self.check_sent().await?;
        self.check_received().await?;
        let events = self.server.all_events().await?;
        check_no_gaps(&events)?;
        for (id, shown) in &self.linked {
            ensure!(qrs(&events, id) == *shown, "linked `{id}` was shown a QR");
        }
        Ok(())
    }

    async fn check_sent(&self) -> Result<()> {
        let friend = self.phone(&self.friend).await?;
        for text in &self.sent {
            friend.wait_for_text(text, WITHIN).await?;
        }
        let seen = counts(&friend.messages().await?, "out ");
        let listed = counts(&self.server.messages("ana").await?, "out ");
        for text in &self.sent {
            ensure!(seen.get(text) == Some(&1), "the phone saw `{text}` {:?} times", seen.get(text));
            ensure!(listed.get(text) == Some(&1), "the API lists `{text}` {:?} times", listed.get(text));
        }
        Ok(())
    }

    async fn check_received(&self) -> Result<()> {
        let friend = self.phone(&self.friend).await?;
        let written = counts(&friend.messages().await?, "in ");
        let path = "/v1/sessions/ana/events?types=message.received";
        let mut stream = self.server.api.events(path, Some(0)).await?;
        // Who wrote while the gateway was gone may be heard only now.
        let mut missing = written.clone();
        while !missing.is_empty() {
            let event = stream.next_within(WITHIN).await.with_context(|| format!("missing: {missing:?}"))?;
            missing.remove(event.data["data"]["text"].as_str().unwrap_or_default());
        }
        let listed = counts(&self.server.messages("ana").await?, "in ");
        ensure!(listed == written, "the phone wrote {written:?}, the API lists {listed:?}");
        let told = self.server.all_events().await?;
        let told = told.iter().filter(|event| event.kind() == "message.received" && event.session() == "ana");
        let told = counts(&told.map(|event| event.data["data"].clone()).collect::<Vec<_>>(), "in ");
        ensure!(told == written, "the phone wrote {written:?}, the events tell {told:?}");
        Ok(())
    }
}

/// How often each text with a beginning is there.
fn counts(messages: &[Value], beginning: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in messages.iter().filter_map(|message| message["text"].as_str()) {
        if text.starts_with(beginning) {
            *counts.entry(text.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn qrs(events: &[ServerEvent], id: &str) -> usize {
    events.iter().filter(|event| event.kind() == "session.qr" && event.session() == id).count()
}
