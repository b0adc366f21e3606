//! Requests with a key, and what came back.

use super::sse::EventStream;
use anyhow::{Context, Result, bail};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// Longest time for one answer; the API's own waits end at 60 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(75);

/// One base address, with a key for it.
#[derive(Clone)]
pub struct Api {
    http: Client,
    base: String,
    key: Option<String>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("base", &self.base).finish_non_exhaustive()
    }
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Api {
    /// A client for `base`, e.g. `http://127.0.0.1:7700`.
    pub fn new(base: &str, key: Option<&str>) -> Result<Self> {
        let http = Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(crate::tls::client_config())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .context("an HTTP client can't be made")?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key: key.map(str::to_owned) })
    }

    /// The same place with another key, or none.
    #[must_use]
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self.clone() }
    }

    /// The base address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks, with a JSON body and further headers.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer> {
        let asked = format!("{method} {path}");
        let mut request = self.http.request(method, format!("{}{path}", self.base)).timeout(ANSWER_WITHIN);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_str(value)?);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| asked.clone())?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.with_context(|| asked.clone())?.to_vec();
        Ok(Answer { asked, status, headers, body })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.ask(Method::GET, path, None, &[]).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask(Method::POST, path, Some(body), &[]).await
    }

    /// POST without a body.
    pub async fn post_empty(&self, path: &str) -> Result<Answer> {
        self.ask(Method::POST, path, None, &[]).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.ask(Method::DELETE, path, None, &[]).await
    }

    /// Opens a stream of server-sent events, after `last_event_id` if one is given.
    pub async fn events(&self, path: &str, last_event_id: Option<u64>) -> Result<EventStream> {
        let mut request = self.http.get(format!("{}{path}", self.base)).header("accept", "text/event-stream");
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.with_context(|| format!("GET {path}"))?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            bail!("GET {path} answered {status}: {}", answer.text().await.unwrap_or_default());
        }
        Ok(EventStream::new(answer))
    }
}

impl Answer {
    /// Fails with the answer's own words unless it has this status.
    pub fn expect_status(self, status: u16) -> Result<Self> {
        if self.status.as_u16() == status {
            return Ok(self);
        }
        bail!("{} answered {} instead of {status}: {}", self.asked, self.status, self.text())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{}: the answer is no JSON: {}", self.asked, self.text()))
    }

    /// The body as text, as far as it is one.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
