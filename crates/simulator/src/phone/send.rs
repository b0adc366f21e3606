//! A phone sends: it encrypts for every device of the other side and for its own companions, and remembers what it sent.

use std::sync::Arc;

use buffa::Message as _;
use rand::RngExt as _;
use wacore_binary::{Jid, Node};
use waproto::whatsapp as wa;

use super::Phone;
use super::content::OutgoingContent;
use crate::crypto::signal::{Encrypted, PreKeyBundle, SignalError, wrap_device_sent};
use crate::error::SimulatorError;
use crate::server::message::Sender;
use crate::state::account::{Account, Form, PHONE, PhoneState};
use crate::state::batch::{Batch, Key, Table};
use crate::state::directory::Resolved;
use crate::state::group::Group;
use crate::state::network::{Network, now_seconds};
use crate::state::records::MessageRecord;
use crate::wire::build::element;

/// Where a message goes.
pub(crate) enum Chat {
    Direct(Resolved),
    Group(Arc<Group>),
}

impl Chat {
    pub(crate) fn direct(account: Arc<Account>, form: Form) -> Self {
        Self::Direct(Resolved { account, form, device: PHONE })
    }

    /// The address stanzas use.
    pub(crate) fn jid(&self) -> Jid {
        match self {
            Self::Direct(other) => other.account.jid(other.form),
            Self::Group(group) => group.jid(),
        }
    }

    /// The name of the chat in the phone's memory: always the number's address, so that a chat is one chat.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Direct(other) => other.account.pn().to_string(),
            Self::Group(group) => group.jid().to_string(),
        }
    }
}

/// A device with which a session exists, or can be begun.
struct Receiver {
    account: Arc<Account>,
    device: u16,
    bundle: Option<PreKeyBundle>,
}

impl Phone {
    /// Sends a text. Gives the message's id; when this returns, the message is kept and every device will get it.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<String, SimulatorError> {
        self.send(to, OutgoingContent::Text(text.to_owned())).await
    }

    /// Sends a message of any kind. Gives its id.
    pub async fn send(&self, to: &str, content: OutgoingContent) -> Result<String, SimulatorError> {
        content.check()?;
        let chat = self.chat(to)?;
        let phone = self.clone();
        // Media is encrypted and a message is encrypted once per device: work for a blocking thread.
        tokio::task::spawn_blocking(move || {
            let kind = content.stanza_type();
            let message = content.into_message(&phone.network)?;
            phone.send_message(&chat, message, kind)
        })
        .await
        .map_err(|_| SimulatorError::ShuttingDown)?
    }

    fn send_message(
        &self,
        chat: &Chat,
        message: wa::Message,
        kind: &'static str,
    ) -> Result<String, SimulatorError> {
        let id = format!("3EB0{}", hex::encode_upper(rand::rng().random::<[u8; 9]>()));
        let record = MessageRecord {
            id: id.clone(),
            chat: chat.name(),
            from: self.account.pn().to_string(),
            from_me: true,
            reply_to: chat.jid().to_string(),
            author: self.account.pn().to_string(),
            at: now_seconds(),
            content: message.encode_to_vec(),
            kind: kind.to_owned(),
        };
        match chat {
            Chat::Direct(other) => self.send_direct(other, &chat.jid(), message, record)?,
            Chat::Group(group) => self.send_to_group(group, &record)?,
        }
        Ok(id)
    }

    fn send_direct(
        &self,
        other: &Resolved,
        to: &Jid,
        message: wa::Message,
        record: MessageRecord,
    ) -> Result<(), SimulatorError> {
        let mut receivers = self.companions()?;
        if other.account.number != self.account.number {
            receivers.extend(self.receivers(&other.account)?);
            self.network.presence.acquaint(self.account.number, other.account.number);
        }
        let plain = record.content.clone();
        let own_plain = wrap_device_sent(to, message).encode_to_vec();
        let mut phone = self.account.phone.lock();
        let mut entries = Vec::new();
        for receiver in &receivers {
            let own = receiver.account.number == self.account.number;
            let plain = if own { &own_plain } else { &plain };
            match encrypt(&mut phone, receiver, plain) {
                Ok(encrypted) => entries.push(entry(receiver, other.form, &encrypted)),
                Err(error) => tracing::warn!(%error, device = receiver.device, "a device is left out"),
            }
        }
        if entries.is_empty() && !receivers.is_empty() {
            return Err(SimulatorError::Encrypt("no session could be begun".to_owned()));
        }
        let stanza = stanza(&record, vec![element("participants").children(entries).build()]);
        let mut batch = Batch::new();
        let sender = Sender { account: &self.account, device: PHONE };
        let deliveries = self.network.carry_direct(&mut batch, &sender, other, to, &stanza, record.at);
        self.finish(batch, phone, record, deliveries.unwrap_or_default())
    }

    fn send_to_group(&self, group: &Arc<Group>, record: &MessageRecord) -> Result<(), SimulatorError> {
        let members = group.record.lock().members.clone();
        let form = group.record.lock().form();
        let mut receivers = self.companions()?;
        for member in members.iter().filter(|member| member.number != self.account.number) {
            if let Some(account) = self.network.directory.by_number(member.number) {
                receivers.extend(self.receivers(&account)?);
            }
        }
        let me = self.account.signal_address(PHONE);
        let mut phone = self.account.phone.lock();
        let failed = |error: SignalError| SimulatorError::Encrypt(error.to_string());
        let distribution =
            phone.signal.sender_key_distribution(&group.jid(), &me, &mut rand::rng()).map_err(failed)?;
        let keys = wa::Message {
            sender_key_distribution_message: buffa::MessageField::some(
                wa::message::SenderKeyDistributionMessage {
                    group_id: Some(group.jid().to_string()),
                    axolotl_sender_key_distribution_message: Some(distribution),
                },
            ),
            ..Default::default()
        };
        // Every message carries the key for every device: more bytes than a real phone sends, and nobody is ever without.
        let plain = keys.encode_to_vec();
        let mut entries = Vec::new();
        for receiver in &receivers {
            match encrypt(&mut phone, receiver, &plain) {
                Ok(encrypted) => entries.push(entry(receiver, form, &encrypted)),
                Err(error) => tracing::warn!(%error, device = receiver.device, "a device is left out"),
            }
        }
        let content = phone
            .signal
            .encrypt_to_group(&group.jid(), &me, &record.content, &mut rand::rng())
            .map_err(failed)?;
        let shared = element("enc").attr("v", "2").attr("type", "skmsg").bytes(content).build();
        let stanza = stanza(record, vec![element("participants").children(entries).build(), shared]);
        let mut batch = Batch::new();
        let sender = Sender { account: &self.account, device: PHONE };
        let deliveries =
            crate::server::group::carry(&self.network, &mut batch, &sender, group, &stanza, record.at);
        self.finish(batch, phone, record.clone(), deliveries.unwrap_or_default())
    }

    /// Remembers a sent message; keeps it, its ratchet steps and its deliveries as one; then lets it go out.
    fn finish(
        &self,
        mut batch: Batch,
        mut phone: parking_lot::MutexGuard<'_, PhoneState>,
        record: MessageRecord,
        deliveries: Vec<crate::state::post::Delivery>,
    ) -> Result<(), SimulatorError> {
        self.network.remember(&mut batch, self.account.number, &mut phone, record);
        let ticket = self.network.append_with_signal(batch, self.account.number, &mut phone.signal);
        drop(phone);
        self.network.journal.commit(ticket)?;
        self.network.hand_over(deliveries);
        Ok(())
    }

    fn companions(&self) -> Result<Vec<Receiver>, SimulatorError> {
        let mut receivers = self.receivers(&self.account)?;
        receivers.retain(|receiver| receiver.device != PHONE);
        Ok(receivers)
    }

    /// A person's devices, with bundles for those with which there is no session yet.
    fn receivers(&self, account: &Arc<Account>) -> Result<Vec<Receiver>, SimulatorError> {
        let mut receivers = Vec::new();
        for device in account.reachable_devices() {
            if account.number == self.account.number && device == PHONE {
                continue;
            }
            let known = self.account.phone.lock().signal.has_session(&account.signal_address(device));
            let bundle = if known { None } else { self.network.take_bundle(account, device)? };
            if known || bundle.is_some() {
                receivers.push(Receiver { account: Arc::clone(account), device, bundle });
            }
        }
        Ok(receivers)
    }
}

fn encrypt(phone: &mut PhoneState, receiver: &Receiver, plain: &[u8]) -> Result<Encrypted, SignalError> {
    let address = receiver.account.signal_address(receiver.device);
    phone.signal.encrypt_to(&address, plain, receiver.bundle.as_ref(), &mut rand::rng())
}

fn entry(receiver: &Receiver, form: Form, encrypted: &Encrypted) -> Node {
    element("to")
        .attr("jid", receiver.account.jid(form).with_device(receiver.device))
        .children([enc(encrypted)])
        .build()
}

/// `<enc v=2 type=…>`.
pub(super) fn enc(encrypted: &Encrypted) -> Node {
    element("enc").attr("v", "2").attr("type", encrypted.kind.as_str()).bytes(encrypted.bytes.clone()).build()
}

/// A message as a phone hands it to the server.
fn stanza(record: &MessageRecord, children: Vec<Node>) -> Node {
    element("message")
        .attr("id", record.id.as_str())
        .attr("type", record.kind.as_str())
        .children(children)
        .build()
}

impl Network {
    /// Adds a message to a phone's memory, if it does not have it; the oldest one makes room.
    pub(crate) fn remember(
        &self,
        batch: &mut Batch,
        number: u64,
        phone: &mut PhoneState,
        record: MessageRecord,
    ) -> bool {
        let seq = self.next_seq();
        if phone.messages.knows(&record) {
            return false;
        }
        batch.put(Table::Message, &Key::account(number).seq(seq), &record);
        phone.messages.push(seq, Arc::new(record));
        for gone in phone.messages.trim(self.config.phone_messages) {
            batch.delete(Table::Message, &Key::account(number).seq(gone));
        }
        true
    }
}
