//! Counters of what happened since the process began, read from the events that were committed: what they count is in
//! the log, and nothing is counted that was not stored.

use enlace_domain::event::{Event, EventType};
use enlace_domain::port::sink::EventSink;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde_json::Value;
use std::sync::Arc;

/// Labels: names and values.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];

/// The counters. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    events: Family<Labels<1>, Counter>,
    links: Family<Labels<2>, Counter>,
    reconnects: Family<Labels<2>, Counter>,
}

impl Metrics {
    /// A sink that counts what is committed and passes it on.
    pub fn counting(&self, next: Arc<dyn EventSink>) -> Arc<dyn EventSink> {
        Arc::new(Counting { metrics: self.clone(), next })
    }

    /// Makes them part of an answer.
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { events, links, reconnects } = self.clone();
        registry.register("events", "Events stored since the process began, by type", events);
        registry.register(
            "links",
            "Links since the process began: accepted by a phone, completed (online for the first time), or expired",
            links,
        );
        registry.register(
            "reconnects",
            "Reconnections of linked sessions planned since the process began, by why the connection was lost",
            reconnects,
        );
    }

    fn count(&self, event: &Event) {
        self.events.get_or_create(&[("type", event.kind.as_str().to_owned())]).inc();
        if event.kind == EventType::SessionState {
            self.count_state(&event.data);
        }
    }

    fn count_state(&self, data: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (network, state) = (text(&data["network"]), &data["state"]);
        let word = |member: &str| state[member].as_str().unwrap_or_default();
        let outcome = match (word("name"), word("step")) {
            ("pairing", "accepted") => "accepted",
            ("online", _) if data["from"] == "pairing" => "completed",
            ("link_expired", _) => "expired",
            ("reconnecting", _) => {
                let labels = [("network", network), ("reason", word("reason").to_owned())];
                self.reconnects.get_or_create(&labels).inc();
                return;
            }
            _ => return,
        };
        self.links.get_or_create(&[("network", network), ("outcome", outcome.to_owned())]).inc();
    }
}

struct Counting {
    metrics: Metrics,
    next: Arc<dyn EventSink>,
}

impl EventSink for Counting {
    fn committed(&self, events: &[Arc<Event>]) {
        self.next.committed(events);
        for event in events {
            self.metrics.count(event);
        }
    }
}
