//! The QR on show, and drawing it anew when the secret in it changes.
//!
//! The library draws again when it throws its secret away. But it also takes a new secret in the middle of a link by
//! code, as soon as some code was typed on a phone, and keeps it when the code was wrong: without a word, and the QR
//! beside the code would stay dead until the next one is due.

use crate::runtime::ConnectionRuntime;
use crate::shared::Shared;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;
use wacore::runtime::Runtime;
use wacore_binary::{Node, NodeRef};
use whatsapp_rust::pair::make_qr_data;
use whatsapp_rust::store::Device;
use whatsapp_rust::{Client, NodeFilter};

/// The element in which both halves of a link by code talk.
const CODE: &str = "link_code_companion_reg";

/// The newest QR of a connection. Whoever hears of it is told under its lock, so that the newest is told last.
#[derive(Default)]
pub(crate) struct Shown(Mutex<Option<Qr>>);

struct Qr {
    payload: String,
    until: Instant,
}

impl Shown {
    /// The library drew a payload, good for so long. One with the reference on show keeps that reference's end.
    pub(crate) fn draw(
        &self,
        payload: &str,
        validity: Duration,
        now: Instant,
        tell: impl FnOnce(&str, Duration),
    ) {
        let mut shown = self.0.lock();
        let former = shown.as_ref().filter(|qr| reference(&qr.payload) == reference(payload));
        if former.is_some_and(|qr| qr.payload == payload) {
            return;
        }
        let until = former.map_or(now + validity, |qr| qr.until);
        tell(payload, until.saturating_duration_since(now));
        *shown = Some(Qr { payload: payload.to_owned(), until });
    }

    /// Draws what is on show with the secret of this moment, if that is another one.
    pub(crate) fn redraw(&self, device: &Device, tell: impl FnOnce(&str, Duration)) {
        let now = Instant::now();
        let mut shown = self.0.lock();
        let Some(qr) = shown.as_mut().filter(|qr| qr.until > now) else { return };
        let payload = make_qr_data(device, reference(&qr.payload));
        if payload != qr.payload {
            tell(&payload, qr.until - now);
            qr.payload = payload;
        }
    }

    /// No QR of this connection is good any more.
    pub(crate) fn hide(&self) {
        self.0.lock().take();
    }
}

fn reference(payload: &str) -> &str {
    payload.split(',').next().unwrap_or_default()
}

/// Whether the network says that a code was typed on a phone.
pub(crate) fn is_typed_code(notification: &NodeRef<'_>) -> bool {
    is_stage(notification, "primary_hello")
}

fn is_stage(stanza: &NodeRef<'_>, stage: &str) -> bool {
    let said = stanza.get_optional_child(CODE).and_then(|said| said.get_attr("stage"));
    said.is_some_and(|said| said.as_str() == stage)
}

/// Waits until the library has answered a typed code, when its secret is the new one, and draws the QR anew. Must be
/// called before the library hears of the code. Where it gives no answer it takes no secret either.
pub(crate) fn redraw_after_answer(
    client: &Arc<Client>,
    shared: &Arc<Shared>,
    runtime: &Arc<ConnectionRuntime>,
) {
    let mut sent = client.wait_for_sent_node(requests());
    let client = Arc::downgrade(client);
    let shared = Arc::clone(shared);
    runtime.spawn_detached(Box::pin(async move {
        while let Ok(request) = sent.await {
            let Some(client) = Weak::upgrade(&client) else { return };
            if is_answer(&request) {
                return shared.redraw_qr(&client.persistence_manager().get_device_snapshot());
            }
            sent = client.wait_for_sent_node(requests());
        }
    }));
}

fn requests() -> NodeFilter {
    NodeFilter::tag("iq").attr("xmlns", "md").attr("type", "set")
}

fn is_answer(request: &Node) -> bool {
    is_stage(&request.as_node_ref(), "companion_finish")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::store::InMemoryBackend;

    #[test]
    fn a_redrawn_qr_keeps_the_end_of_its_reference_and_is_told_once() {
        let shown = Shown::default();
        let start = Instant::now();
        let show = |payload: &str, validity, at| {
            let mut told = None;
            let validity = Duration::from_secs(validity);
            let now = start + Duration::from_secs(at);
            shown.draw(payload, validity, now, |_, valid_for| told = Some(valid_for.as_secs()));
            told
        };
        assert_eq!(show("https://x#r1,a,b,c,1", 30, 0), Some(30));
        assert_eq!(show("https://x#r1,a,b,d,1", 25, 10), Some(20));
        assert_eq!(show("https://x#r1,a,b,d,1", 25, 10), None);
        assert_eq!(show("https://x#r2,a,b,d,1", 10, 30), Some(10));
        assert_eq!(show("https://x#r2,a,b,e,1", 0, 99), Some(0));
    }

    #[test]
    fn a_new_secret_is_drawn_once_and_nothing_after_the_last_qr() {
        let shown = Shown::default();
        let redraw = |device: &Device| {
            let mut told = None;
            shown.redraw(device, |payload, _| told = Some(payload.to_owned()));
            told
        };
        let mut device = Device::new(Arc::new(InMemoryBackend::default()));
        assert_eq!(redraw(&device), None);
        let drawn = make_qr_data(&device, "r1");
        shown.draw(&drawn, Duration::from_mins(1), Instant::now(), |_, _| {});
        assert_eq!(redraw(&device), None);
        device.adv_secret_key = [7; 32];
        let redrawn = redraw(&device).expect("the secret is another one");
        assert_eq!(reference(&redrawn), "r1");
        assert_eq!(redraw(&device), None);
        device.adv_secret_key = [8; 32];
        shown.hide();
        assert_eq!(redraw(&device), None);
    }
}
