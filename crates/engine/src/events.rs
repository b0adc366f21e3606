//! The one handler on the library's event bus. It is called synchronously, so it only notes and queues.

use crate::decode;
use crate::passkey;
use crate::presence;
use crate::qr;
use crate::queue::Item;
use crate::shared::Shared;
use crate::{classify, runtime::ConnectionRuntime};
use enlace_domain::address::{Jid, Server};
use enlace_domain::port::{ConnectionEvent, EndReason};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use wacore::types::events::{Event, EventHandler, EventInterest, EventKind, PairSuccess, Receipt};
use wacore_binary::NodeRef;
use whatsapp_rust::Client;

/// What the handler listens to.
const KINDS: &[EventKind] = &[
    EventKind::RawNode,
    EventKind::Connected,
    EventKind::Disconnected,
    EventKind::PairSuccess,
    EventKind::PairError,
    EventKind::PairingQrCode,
    EventKind::PairingCode,
    EventKind::PairingCodeRefresh,
    EventKind::PairingCodeError,
    EventKind::PairingQrCodesExhausted,
    EventKind::PairPasskeyRequest,
    EventKind::PairPasskeyConfirmation,
    EventKind::PairPasskeyError,
    EventKind::Messages,
    EventKind::Receipt,
    EventKind::ServerAck,
    EventKind::SelfPushNameUpdated,
];

/// The handler of one connection.
pub(crate) struct Listener {
    shared: Arc<Shared>,
    runtime: Arc<ConnectionRuntime>,
    client: OnceLock<Weak<Client>>,
}

impl Listener {
    /// Before the client exists.
    pub(crate) fn new(shared: Arc<Shared>, runtime: Arc<ConnectionRuntime>) -> Self {
        Self { shared, runtime, client: OnceLock::new() }
    }

    /// Once the client exists.
    pub(crate) fn attach(&self, client: &Arc<Client>) {
        self.client.get_or_init(|| Arc::downgrade(client));
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.client.get().and_then(Weak::upgrade)
    }

    /// Every stanza passes here before the library acts on it.
    fn stanza(&self, node: &NodeRef<'_>) {
        self.shared.dial.spoken();
        self.shared.queue.connected();
        match node.tag.as_ref() {
            "success" => self.shared.tell(ConnectionEvent::LoggedIn),
            "failure" => self.shared.end_now(classify::failure(node)),
            "stream:error" => match classify::stream_error(node) {
                // The library keeps a busy server's socket open and waits for it to close.
                Some(busy @ EndReason::Lost { .. }) => self.shared.end_now(busy),
                Some(reason) => self.shared.ends(reason),
                None => {}
            },
            "xmlstreamend" => self.shared.ends(classify::lost("stream-ended")),
            "notification" if qr::is_typed_code(node) => {
                if let Some(client) = self.client() {
                    qr::redraw_after_answer(&client, &self.shared, &self.runtime);
                }
            }
            _ => {}
        }
    }

    fn paired(&self, success: &PairSuccess) {
        let Some(phone) = decode::person::jid(&success.id).and_then(|jid| jid.to_phone()) else {
            // The library believes itself linked and has stopped its QRs.
            self.shared.pair_failed("no-number", false);
            return;
        };
        let lid = decode::person::jid(&success.lid).filter(|lid| lid.server() == Server::Lid);
        let business_name = Some(success.business_name.clone()).filter(|name| !name.is_empty());
        self.shared.paired.store(true, Ordering::Release);
        self.shared.qr.hide();
        self.shared.code_live.store(false, Ordering::Release);
        self.shared.tell(ConnectionEvent::Paired { phone, lid: lid.filter(is_known), business_name });
    }

    /// Only notes it: the transport holds its acknowledgement back until it is kept.
    fn receipt(&self, receipt: &Receipt) {
        let Some(client) = self.client() else { return };
        if let Some(receipt) = decode::receipt::read(&client, receipt) {
            self.shared.receipts.note(receipt);
        }
    }

    fn renamed(&self, name: String) {
        self.shared.tell(ConnectionEvent::PushName(name));
        if self.shared.mark_online || !self.shared.online.load(Ordering::Acquire) {
            return;
        }
        if let Some(client) = self.client() {
            presence::answer_next_available(&client, &self.runtime);
        }
    }
}

fn is_known(lid: &Jid) -> bool {
    !lid.user().is_empty()
}

impl EventHandler for Listener {
    fn interest(&self) -> EventInterest {
        EventInterest::of(KINDS)
    }

    fn handle_event(&self, event: Arc<Event>) {
        let shared = &self.shared;
        match &*event {
            Event::RawNode(node) => self.stanza(node.get()),
            // Receipts and notifications of ours are acknowledged too, under ids that may equal a message's.
            Event::ServerAck(ack) if ack.class.as_deref() == Some("message") => {
                shared.acks.answered(&ack.id, ack.error.clone());
            }
            Event::Receipt(receipt) => self.receipt(receipt),
            Event::Messages(batch) if !batch.hook_committed => {
                shared.queue.push(Item::Messages(batch.messages.clone()));
                if shared.queue.overflows() {
                    shared.end_now(classify::lost("not-keeping-up"));
                }
            }
            Event::PairingQrCode(qr) => {
                shared.offered.cancel();
                shared.qr_drawn(&qr.code, qr.timeout);
                // The secret may have changed since the library looked.
                if let Some(client) = self.client() {
                    shared.redraw_qr(&client.persistence_manager().get_device_snapshot());
                }
            }
            Event::PairingQrCodesExhausted(exhausted) => {
                shared.qr.hide();
                shared.tell(ConnectionEvent::QrsExhausted);
                if exhausted.disconnected {
                    // The library hangs up by itself now.
                    shared.ends(EndReason::Closed);
                }
            }
            Event::PairingCode(_) => shared.code_live.store(true, Ordering::Release),
            Event::PairingCodeRefresh(refresh) => {
                let reason = if refresh.force_manual { "renewal-demanded" } else { "not-completed" };
                shared.code_died(reason.to_owned());
            }
            Event::PairingCodeError(error) => {
                let code = error.rejection.map(|rejection| format!("refused-{}", rejection.code()));
                shared.code_died(code.unwrap_or_else(|| "failed".to_owned()));
            }
            Event::PairSuccess(success) => self.paired(success),
            // The library refuses this one acceptance and goes on showing QRs on the same socket.
            Event::PairError(_) => shared.pair_failed("phone-not-verified", true),
            Event::PairPasskeyRequest(_) | Event::PairPasskeyConfirmation(_) | Event::PairPasskeyError(_) => {
                passkey::happened(shared, &event);
            }
            Event::Connected(_) => {
                shared.online.store(true, Ordering::Release);
                let push_name =
                    self.client().map(|client| client.push_name()).filter(|name| !name.is_empty());
                shared.tell(ConnectionEvent::Online { push_name });
            }
            Event::SelfPushNameUpdated(update) => self.renamed(update.new_name.clone()),
            Event::Disconnected(disconnected) => shared.ends(classify::disconnected(&disconnected.reason)),
            _ => {}
        }
    }
}
