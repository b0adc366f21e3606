//! The simulated network's control API: phones, and what a hand would do with them.

use super::api::{Answer, Api};
use anyhow::{Context, Result, anyhow};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The phones of a simulated network.
#[derive(Clone, Debug)]
pub struct Phones {
    api: Api,
}

/// One simulated phone.
#[derive(Clone, Debug)]
pub struct Phone {
    api: Api,
    /// Its number, digits only.
    pub number: String,
    /// Its address by number.
    pub jid: String,
    /// Its hidden address.
    pub lid: String,
}

impl Phones {
    /// The network whose control API lies at `base`/simulator/v1.
    pub fn new(base: &str) -> Result<Self> {
        Ok(Self { api: Api::new(&format!("{}/simulator/v1", base.trim_end_matches('/')), None)? })
    }

    /// The control API itself, for what has no method here.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What the network says of itself.
    pub async fn info(&self) -> Result<Value> {
        self.api.get("/info").await?.expect_status(200)?.json()
    }

    /// Buys a phone; the network chooses the number when none is given.
    pub async fn buy(&self, name: &str, number: Option<&str>) -> Result<Phone> {
        let mut body = json!({ "name": name });
        if let Some(number) = number {
            body["number"] = number.into();
        }
        let made = self.api.post("/phones", &body).await?.expect_status(201)?.json()?;
        self.held(&made)
    }

    /// A phone that was bought before.
    pub async fn phone(&self, number: &str) -> Result<Phone> {
        let found = self.api.get(&format!("/phones/{number}")).await?.expect_status(200)?.json()?;
        self.held(&found)
    }

    fn held(&self, phone: &Value) -> Result<Phone> {
        let text = |field: &str| {
            phone[field].as_str().map(str::to_owned).with_context(|| format!("a phone without {field}"))
        };
        Ok(Phone { api: self.api.clone(), number: text("number")?, jid: text("jid")?, lid: text("lid")? })
    }
}

impl Phone {
    fn path(&self, rest: &str) -> String {
        format!("/phones/{}/{rest}", self.number)
    }

    /// Points the camera at a QR and reports what the phone says.
    pub async fn try_scan(&self, qr: &str) -> Result<Answer> {
        self.api.post(&self.path("scan"), &json!({ "qr": qr })).await
    }

    /// Scans a QR that must be good.
    pub async fn scan(&self, qr: &str) -> Result<Value> {
        self.try_scan(qr).await?.expect_status(200)?.json()
    }

    /// Types a pairing code and reports what the phone says.
    pub async fn try_type_code(&self, code: &str) -> Result<Answer> {
        self.api.post(&self.path("pairing-code"), &json!({ "code": code })).await
    }

    /// Types a pairing code that must be good.
    pub async fn type_code(&self, code: &str) -> Result<Value> {
        self.try_type_code(code).await?.expect_status(200)?.json()
    }

    /// Writes a text; answers with the message's id.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<String> {
        let body = json!({ "to": to, "text": text });
        let sent = self.api.post(&self.path("messages"), &body).await?.expect_status(201)?.json()?;
        sent["id"].as_str().map(str::to_owned).context("a sent message without id")
    }

    /// What the phone decrypted or sent, oldest first.
    pub async fn messages(&self) -> Result<Vec<Value>> {
        let list = self.api.get(&self.path("messages")).await?.expect_status(200)?.json()?;
        list.as_array().cloned().context("the phone's messages are no list")
    }

    /// Waits until the phone shows a text; answers with the message.
    pub async fn wait_for_text(&self, text: &str, limit: Duration) -> Result<Value> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(found) = self.messages().await?.into_iter().find(|message| message["text"] == text) {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(anyhow!(
                    "the phone {} did not show the text within {} s",
                    self.number,
                    limit.as_secs()
                ));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The linked devices.
    pub async fn devices(&self) -> Result<Vec<Value>> {
        let list = self.api.get(&self.path("devices")).await?.expect_status(200)?.json()?;
        list.as_array().cloned().context("the phone's devices are no list")
    }

    /// Removes a linked device, as a person does on the phone.
    pub async fn unlink(&self, device: u64) -> Result<()> {
        let answer =
            self.api.ask(Method::DELETE, &self.path(&format!("devices/{device}")), None, &[]).await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(anyhow!("unlinking answered {}: {}", answer.status, answer.text()))
        }
    }
}
