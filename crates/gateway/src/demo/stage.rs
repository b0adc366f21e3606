//! The steps. Each one is checked: what the API said, what the phone saw, what the event stream showed.

use super::camera::read_qr;
use super::ears::Ears;
use crate::client::{Api, Phone, Phones};
use crate::terminal::say;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest time for one thing to happen.
const WITHIN: Duration = Duration::from_secs(30);
const ANA: &str = "999100000001";
const BRUNO: &str = "999200000001";

/// Who is on it, and how far the story is.
pub(super) struct Stage {
    api: Api,
    phones: Phones,
    ears: Ears,
    people: Option<(Phone, Phone)>,
    step: u32,
}

impl Stage {
    /// Opens the API and the event stream.
    pub(super) async fn open(url: &str, key: &str) -> Result<Self> {
        let api = Api::new(url, Some(key))?;
        say!("\n  1. A gateway with a SIMULATED WhatsApp network runs at {url}");
        api.get("/readyz").await?.expect_status(200).context("step 1: the gateway is not ready")?;
        say!("      GET /readyz \u{2192} 200; an event stream is opened beside the story: GET /v1/events");
        let ears = Ears::open(&api).await.context("step 1: the event stream can't be opened")?;
        Ok(Self { api, phones: Phones::new(url)?, ears, people: None, step: 1 })
    }

    fn begin(&mut self, what: &str) -> String {
        self.step += 1;
        say!("\n  {}. {what}", self.step);
        format!("step {} ({what}) failed", self.step)
    }

    fn people(&self) -> Result<(Phone, Phone)> {
        self.people.clone().context("nobody has a phone yet")
    }

    /// Two phones on the simulated network.
    pub(super) async fn buy_phones(&mut self) -> Result<()> {
        let failed = self.begin("Ana and Bruno get SIMULATED phones");
        let buy = async |name: &str, number: &str| {
            let phone = self.phones.buy(name, Some(number)).await?;
            say!("      POST /simulator/v1/phones \u{2192} 201, {name} has the number +{}", phone.number);
            anyhow::Ok(phone)
        };
        let ana = buy("Ana", ANA).await.context(failed.clone())?;
        let bruno = buy("Bruno", BRUNO).await.context(failed)?;
        self.people = Some((ana, bruno));
        Ok(())
    }

    /// Two sessions.
    pub(super) async fn create_sessions(&mut self) -> Result<()> {
        let failed = self.begin("Two sessions are created: `ana` and `bruno`");
        let create = async |id: &str| {
            let made =
                self.api.post("/v1/sessions", &json!({ "id": id })).await?.expect_status(201)?.json()?;
            let (network, state) = (&made["network"], &made["state"]["name"]);
            ensure!(network == "simulator", "the session joined the network {network}");
            ensure!(state == "unlinked", "a new session is in the state {state}");
            say!(
                "      POST /v1/sessions {{\"id\": \"{id}\"}} \u{2192} 201, network simulator, state unlinked"
            );
            Ok(())
        };
        create("ana").await.context(failed.clone())?;
        create("bruno").await.context(failed)
    }

    /// Ana by QR.
    pub(super) async fn link_by_qr(&mut self) -> Result<()> {
        let failed = self.begin("`ana` is linked by QR: the phone reads the picture that the API returned");
        self.try_link_by_qr().await.context(failed)
    }

    async fn try_link_by_qr(&mut self) -> Result<()> {
        let (ana, _) = self.people()?;
        let picture = self.api.get("/v1/sessions/ana/qr?format=png").await?.expect_status(200)?;
        ensure!(picture.header("enlace-network") == "simulator", "the QR does not say that it is simulated");
        let drawn = self.api.get("/v1/sessions/ana/qr?format=terminal").await?.expect_status(200)?;
        say!("      GET /v1/sessions/ana/qr?format=png \u{2192} 200, {} bytes", picture.body.len());
        say!("      SIMULATED QR: a real phone can't use it. The same from ?format=terminal:\n");
        for line in drawn.text().lines() {
            say!("      {line}");
        }

        let seen = read_qr(&picture.body)?;
        say!("\n      Ana's phone decodes the PNG ({} characters) and scans it:", seen.len());
        let device = ana.scan(&seen).await?;
        say!("      POST /simulator/v1/phones/{ANA}/scan \u{2192} 200, linked device {}", device["device"]);
        self.wait_online("ana", ANA).await
    }

    /// Bruno by pairing code.
    pub(super) async fn link_by_code(&mut self) -> Result<()> {
        let failed = self.begin("`bruno` is linked by pairing code: eight characters typed on the phone");
        self.try_link_by_code().await.context(failed)
    }

    async fn try_link_by_code(&mut self) -> Result<()> {
        let (_, bruno) = self.people()?;
        let ask = json!({ "method": "code", "phone": "+999 200-000-001" });
        let answer = self.api.post("/v1/sessions/bruno/link", &ask).await?;
        ensure!(answer.status.is_success(), "POST link answered {}: {}", answer.status, answer.text());
        let answer = answer.json()?;
        let code = &answer["code"];
        let display = code["display"].as_str().context("the answer carries no code")?;
        ensure!(is_display_form(display), "the code does not read ABCD-1234");
        say!("      POST /v1/sessions/bruno/link {ask} \u{2192} 200");
        say!(
            "      Type this on the SIMULATED phone +{BRUNO}:   {display}   (until {})",
            text(&code["expires_at"])
        );
        let device = bruno.type_code(text(&code["code"])).await?;
        say!(
            "      POST /simulator/v1/phones/{BRUNO}/pairing-code \u{2192} 200, linked device {}",
            device["device"]
        );
        self.wait_online("bruno", BRUNO).await
    }

    async fn wait_online(&mut self, session: &str, number: &str) -> Result<()> {
        let online = |event: &crate::client::ServerEvent| {
            event.session() == session && event.state() == Some("online")
        };
        self.ears.wait(&format!("`{session}` online"), WITHIN, online).await?;
        let record = self.api.get(&format!("/v1/sessions/{session}")).await?.expect_status(200)?.json()?;
        ensure!(
            record["state"]["name"] == "online",
            "the session is {} and not online",
            record["state"]["name"]
        );
        ensure!(
            digits(&record["phone"]) == number,
            "the session has the number {} and not {number}",
            record["phone"]
        );
        say!("      GET /v1/sessions/{session} \u{2192} 200, online as +{number}");
        Ok(())
    }

    /// A text through the API.
    pub(super) async fn send_through_the_api(&mut self) -> Result<()> {
        let failed = self.begin("`ana` sends Bruno a text through the API");
        self.try_send("Ol\u{e1} Bruno, this came through Enlace.").await.context(failed)
    }

    async fn try_send(&mut self, words: &str) -> Result<()> {
        let (_, bruno) = self.people()?;
        let body = json!({ "to": "+999 200 000 001", "text": words });
        let sent = self.api.post("/v1/sessions/ana/messages", &body).await?.expect_status(201)?.json()?;
        ensure!(sent["status"] == "sent", "the message is {} and not sent", sent["status"]);
        say!(
            "      POST /v1/sessions/ana/messages {body} \u{2192} 201, status sent (the network's ack is in)"
        );
        let seen = bruno.wait_for_text(words, WITHIN).await?;
        say!(
            "      Bruno's phone decrypted: \u{201c}{}\u{201d} from {}",
            text(&seen["text"]),
            text(&seen["from"])
        );
        self.ears.wait("the text at `bruno`", WITHIN, |event| received("bruno", words, event)).await?;
        say!("      \u{2026} and his session `bruno` received it too");
        Ok(())
    }

    /// A text from the phone.
    pub(super) async fn write_on_the_phone(&mut self) -> Result<()> {
        let failed = self.begin("`bruno` answers through the API, and Ana's phone writes to him by hand");
        self.try_answers().await.context(failed)
    }

    async fn try_answers(&mut self) -> Result<()> {
        let (ana, _) = self.people()?;
        let words = "Recebido! This went back through Enlace.";
        let body = json!({ "to": ana.jid, "text": words });
        let sent = self.api.post("/v1/sessions/bruno/messages", &body).await?.expect_status(201)?.json()?;
        ensure!(sent["status"] == "sent", "the message is {} and not sent", sent["status"]);
        say!("      POST /v1/sessions/bruno/messages {body} \u{2192} 201, status sent");
        let seen = ana.wait_for_text(words, WITHIN).await?;
        say!(
            "      Ana's phone decrypted: \u{201c}{}\u{201d} from {}",
            text(&seen["text"]),
            text(&seen["from"])
        );
        self.ears.wait("the answer at `ana`", WITHIN, |event| received("ana", words, event)).await?;

        let by_hand = "Typed on Ana's phone.";
        ana.send_text(BRUNO, by_hand).await?;
        say!("      POST /simulator/v1/phones/{ANA}/messages \u{2192} 201: \u{201c}{by_hand}\u{201d}");
        self.ears
            .wait("the phone's text at `bruno`", WITHIN, |event| received("bruno", by_hand, event))
            .await?;
        self.ears
            .wait("the phone's text at `ana`", WITHIN, |event| {
                event.kind() == "message.sent"
                    && event.session() == "ana"
                    && event.data["data"]["text"] == by_hand
            })
            .await?;
        let list = self.api.get("/v1/sessions/bruno/messages").await?.expect_status(200)?.json()?;
        let items = list["items"].as_array().context("the list of messages has no items")?;
        if !items.iter().any(|message| message["text"] == by_hand) {
            bail!("GET /v1/sessions/bruno/messages does not list the phone's text");
        }
        say!(
            "      GET /v1/sessions/bruno/messages \u{2192} 200, {} messages, the newest first",
            items.len()
        );
        Ok(())
    }

    /// Nothing is missing in between.
    pub(super) async fn check(&mut self) -> Result<()> {
        let failed = self
            .begin("Nothing is missing: each session's events are numbered 1, 2, 3 \u{2026} without a gap");
        let heard = self.ears.check_numbers(&["ana", "bruno"]).context(failed.clone())?;
        self.api.get("/readyz").await.and_then(|answer| answer.expect_status(200)).context(failed)?;
        say!("      {heard} events heard, none missing. Every step happened.");
        Ok(())
    }
}

fn received(session: &str, words: &str, event: &crate::client::ServerEvent) -> bool {
    event.kind() == "message.received" && event.session() == session && event.data["data"]["text"] == words
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn digits(value: &Value) -> String {
    text(value).chars().filter(char::is_ascii_digit).collect()
}

fn is_display_form(code: &str) -> bool {
    let (left, right) = code.split_once('-').unwrap_or_default();
    [left, right].iter().all(|half| half.len() == 4 && half.chars().all(|c| c.is_ascii_alphanumeric()))
}
