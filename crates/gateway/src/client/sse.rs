//! A reader of server-sent events, as the HTML standard describes the format.

use anyhow::{Context, Result, anyhow, bail};
use reqwest::Response;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// One event as it came over the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerEvent {
    /// The `id` field: our `seq`.
    pub id: Option<u64>,
    /// The `event` field, where the stream names its events.
    pub name: Option<String>,
    /// The `data` field, parsed: our envelope.
    pub data: Value,
}

impl ServerEvent {
    /// The envelope's `type`.
    pub fn kind(&self) -> &str {
        self.data["type"].as_str().unwrap_or_default()
    }

    /// The envelope's `session`.
    pub fn session(&self) -> &str {
        self.data["session"].as_str().unwrap_or_default()
    }

    /// For `session.state`: the new state's name.
    pub fn state(&self) -> Option<&str> {
        if self.kind() == "session.state" { self.data["data"]["state"]["name"].as_str() } else { None }
    }
}

/// An open stream. Dropping it closes the connection.
pub struct EventStream {
    answer: Response,
    rest: Vec<u8>,
    fields: Fields,
    ready: VecDeque<ServerEvent>,
}

#[derive(Default)]
struct Fields {
    id: Option<u64>,
    name: Option<String>,
    data: Vec<String>,
}

impl EventStream {
    pub(super) fn new(answer: Response) -> Self {
        Self { answer, rest: Vec::new(), fields: Fields::default(), ready: VecDeque::new() }
    }

    /// The next event; `None` when the server ended the stream.
    pub async fn next(&mut self) -> Result<Option<ServerEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match self.answer.chunk().await.context("the event stream broke")? {
                Some(chunk) => self.feed(&chunk)?,
                None => return Ok(None),
            }
        }
    }

    /// The next event, which must come within `limit`.
    pub async fn next_within(&mut self, limit: Duration) -> Result<ServerEvent> {
        self.find(limit, "any event", |_| true).await
    }

    /// Reads on until an event passes `wanted`; the others are dropped.
    pub async fn find(
        &mut self,
        limit: Duration,
        what: &str,
        mut wanted: impl FnMut(&ServerEvent) -> bool,
    ) -> Result<ServerEvent> {
        let deadline = Instant::now() + limit;
        loop {
            let next = timeout_at(deadline, self.next())
                .await
                .map_err(|_| anyhow!("no event stream showed {what} within {} s", limit.as_secs()))?;
            match next? {
                Some(event) if wanted(&event) => return Ok(event),
                Some(_) => {}
                None => bail!("the event stream ended before it showed {what}"),
            }
        }
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        self.rest.extend_from_slice(chunk);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = std::str::from_utf8(&line).context("the event stream is not UTF-8")?;
            self.line(line.trim_end_matches(['\n', '\r']))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<()> {
        if line.is_empty() {
            let fields = std::mem::take(&mut self.fields);
            if !fields.data.is_empty() {
                let data =
                    serde_json::from_str(&fields.data.join("\n")).context("an event's data is no JSON")?;
                self.ready.push_back(ServerEvent { id: fields.id, name: fields.name, data });
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.fields.id = value.parse().ok(),
            "event" => self.fields.name = Some(value.to_owned()),
            "data" => self.fields.data.push(value.to_owned()),
            // Comments (an empty field name) keep the connection alive; other fields are not ours.
            _ => {}
        }
        Ok(())
    }
}
