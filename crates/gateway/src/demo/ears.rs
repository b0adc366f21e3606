//! Listens to the event stream over HTTP, prints every event as it arrives, and remembers all of them.

use crate::client::{Api, EventStream, ServerEvent};
use crate::terminal::say;
use anyhow::{Context, Result, anyhow, bail};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// The events heard so far, and the ear for more.
pub(super) struct Ears {
    heard: Vec<ServerEvent>,
    incoming: mpsc::UnboundedReceiver<Result<ServerEvent>>,
}

impl Ears {
    /// Begins to listen; from now on every event is printed when it comes.
    pub(super) async fn open(api: &Api) -> Result<Self> {
        let stream = api.events("/v1/events", None).await?;
        let (heard, incoming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            if let Err(error) = listen(stream, &heard).await {
                // The demo may be over already; then nobody is left to be told.
                let _ = heard.send(Err(error));
            }
        });
        Ok(Self { heard: Vec::new(), incoming })
    }

    /// Waits for an event, which may have been heard before.
    pub(super) async fn wait(
        &mut self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&ServerEvent) -> bool,
    ) -> Result<ServerEvent> {
        let deadline = Instant::now() + limit;
        let mut looked_at = 0;
        loop {
            if let Some(found) = self.heard[looked_at..].iter().find(|event| wanted(event)) {
                return Ok(found.clone());
            }
            looked_at = self.heard.len();
            let next = timeout_at(deadline, self.incoming.recv())
                .await
                .map_err(|_| anyhow!("the event stream did not show {what} within {} s", limit.as_secs()))?;
            self.heard.push(next.context("the event stream was closed")??);
        }
    }

    /// Every session's events must be numbered 1, 2, 3 …; answers with how many were heard.
    pub(super) fn check_numbers(&self, sessions: &[&str]) -> Result<usize> {
        for session in sessions {
            let mine = self.heard.iter().filter(|event| event.session() == *session);
            for (event, expected) in mine.zip(1_u64..) {
                let number = event.data["session_seq"].as_u64();
                if number != Some(expected) {
                    bail!("event {expected} of `{session}` came as number {number:?}");
                }
            }
        }
        Ok(self.heard.len())
    }
}

async fn listen(mut stream: EventStream, heard: &mpsc::UnboundedSender<Result<ServerEvent>>) -> Result<()> {
    while let Some(event) = stream.next().await? {
        say!("      \u{2190} event {}", describe(&event));
        if heard.send(Ok(event)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn describe(event: &ServerEvent) -> String {
    let data = &event.data["data"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let more = match event.kind() {
        "session.state" => {
            let state = &data["state"];
            let detail = [&state["step"], &state["reason"]].into_iter().find_map(|value| value.as_str());
            format!("{}{}", text(&state["name"]), detail.map(|d| format!(" ({d})")).unwrap_or_default())
        }
        "session.qr" => format!("number {}, until {}", data["seq"], text(&data["expires_at"])),
        "session.pairing_code" if data["status"] == "dead" => format!("dead ({})", text(&data["reason"])),
        "session.pairing_code" => format!("until {}", text(&data["expires_at"])),
        kind if kind.starts_with("message.") => {
            format!(
                "{} {}",
                text(&data["status"]),
                data["text"].as_str().map(|t| format!("\u{201c}{t}\u{201d}")).unwrap_or_default()
            )
        }
        _ => String::new(),
    };
    let id = event.id.map(|id| format!("#{id:<3}")).unwrap_or_default();
    format!("{id} {:<6} {:<20} {}", event.session(), event.kind(), more.trim())
}
