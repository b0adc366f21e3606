//! A phone receives: it decrypts what others and its own companions sent, remembers it, and confirms it.

use std::sync::Arc;

use buffa::Message as _;
use wacore_binary::{Jid, Node, Server};
use waproto::whatsapp as wa;

use super::retry;
use crate::crypto::signal::{EncKind, SignalError};
use crate::error::SimulatorError;
use crate::state::account::{Account, PHONE, PhoneState};
use crate::state::batch::Batch;
use crate::state::directory::Resolved;
use crate::state::network::{Network, now_seconds};
use crate::state::records::MessageRecord;
use crate::wire::address::parse_jid;
use crate::wire::build::element;
use crate::wire::node::NodeExt;

/// Where a stanza came from.
pub(super) struct Origin {
    /// `from`: a person's device, or a group.
    pub(super) from: Jid,
    /// The author within a group.
    pub(super) participant: Option<Jid>,
    pub(super) author: Resolved,
}

impl Origin {
    fn read(network: &Network, node: &Node) -> Option<Self> {
        let from = node.attr_jid("from")?;
        let participant = node.attr_jid("participant");
        let author = network.directory.resolve(participant.as_ref().unwrap_or(&from))?;
        Some(Self { from, participant, author })
    }
}

/// What decrypting a stanza gave.
enum Opened {
    Message(Box<wa::Message>),
    /// Decrypted before: it only has to be confirmed again.
    Again,
    Failed(SignalError),
}

/// Handles a message from the queue. `batch` already takes it out of there.
pub(super) fn message(
    network: &Arc<Network>,
    account: &Arc<Account>,
    mut batch: Batch,
    node: &Node,
) -> Result<(), SimulatorError> {
    let Some(origin) = Origin::read(network, node) else { return network.journal.write(&batch) };
    let own = origin.author.account.number == account.number;
    let mut phone = account.phone.lock();
    let mut wants_keys = false;
    let deliveries = match open(&mut phone, &origin, node) {
        Opened::Failed(error) => {
            tracing::debug!(%error, "a simulated phone asks for a message again");
            retry::ask_again(network, account, &mut phone, &mut batch, &origin, node)
        }
        opened => {
            phone.retries.remove(node.attr("id").as_deref().unwrap_or_default());
            if let Opened::Message(message) = opened {
                wants_keys = own && message.protocol_message.app_state_sync_key_request.is_set();
                if let Some(record) = record_of(network, account, &origin, node, *message) {
                    network.remember(&mut batch, account.number, &mut phone, record);
                }
            }
            if own {
                Vec::new()
            } else {
                let receipt = delivery_receipt(&origin, node);
                network.carry_receipt(&mut batch, account, PHONE, &origin.from, &receipt)
            }
        }
    };
    let ticket = network.append_with_signal(batch, account.number, &mut phone.signal);
    drop(phone);
    network.journal.commit(ticket)?;
    network.hand_over(deliveries);
    if wants_keys {
        network.share_keys(account, origin.author.device)?;
    }
    Ok(())
}

fn delivery_receipt(origin: &Origin, node: &Node) -> Node {
    let receipt = element("receipt")
        .attr("id", node.attr("id").unwrap_or_default().as_ref())
        .attr("to", origin.from.clone());
    match &origin.participant {
        Some(participant) => receipt.attr("participant", participant.clone()).build(),
        None => receipt.build(),
    }
}

/// Decrypts every `<enc>`; the last one holds the content.
fn open(phone: &mut PhoneState, origin: &Origin, node: &Node) -> Opened {
    let address = origin.author.account.signal_address(origin.author.device);
    let mut opened = Opened::Again;
    for enc in node.children_named("enc") {
        let bytes = enc.content_bytes().unwrap_or_default();
        let kind = enc.attr("type").unwrap_or_default();
        let plain = match EncKind::parse(&kind) {
            Some(kind) => phone.signal.decrypt(&address, kind, bytes, &mut rand::rng()),
            None if kind == "skmsg" => phone.signal.decrypt_from_group(&origin.from, &address, bytes),
            None => continue,
        };
        let plain = match plain {
            Ok(plain) => plain,
            Err(SignalError::Duplicate) => continue,
            Err(error) => return Opened::Failed(error),
        };
        let Ok(message) = wa::Message::decode_from_slice(&plain) else {
            return Opened::Failed(SignalError::Undecryptable("it is no message"));
        };
        if let Some(keys) = message.sender_key_distribution_message.as_option() {
            accept_sender_key(phone, origin, keys);
        }
        opened = Opened::Message(Box::new(message));
    }
    opened
}

fn accept_sender_key(
    phone: &mut PhoneState,
    origin: &Origin,
    keys: &wa::message::SenderKeyDistributionMessage,
) {
    let group = keys.group_id.as_deref().and_then(parse_jid);
    let (Some(group), Some(distribution)) = (group, &keys.axolotl_sender_key_distribution_message) else {
        return;
    };
    let address = origin.author.account.signal_address(origin.author.device);
    if let Err(error) = phone.signal.accept_sender_key(&group, &address, distribution) {
        tracing::warn!(%error, "a sender key was refused");
    }
}

/// What the phone remembers of a message; nothing of those that only carry keys or commands.
fn record_of(
    network: &Network,
    account: &Account,
    origin: &Origin,
    node: &Node,
    message: wa::Message,
) -> Option<MessageRecord> {
    let own = origin.author.account.number == account.number;
    let (destination, message) = match message.device_sent_message.into_option() {
        Some(sent) if own => {
            (sent.destination_jid.as_deref().and_then(parse_jid), sent.message.into_option()?)
        }
        Some(_) => return None,
        None => {
            let message = wa::Message { device_sent_message: buffa::MessageField::none(), ..message };
            (None, message)
        }
    };
    if !super::content::has_content(&message) {
        return None;
    }
    let chat = match destination.or_else(|| node.attr_jid("recipient")) {
        Some(destination) => destination,
        None => origin.from.clone(),
    };
    let chat = if chat.server == Server::Group {
        chat.to_string()
    } else {
        network.directory.resolve(&chat)?.account.pn().to_string()
    };
    Some(MessageRecord {
        id: node.attr("id")?.into_owned(),
        chat,
        from: origin.author.account.pn().to_string(),
        from_me: own,
        reply_to: origin.from.to_string(),
        author: origin.participant.as_ref().unwrap_or(&origin.from).to_string(),
        at: node.attr_u64("t").unwrap_or_else(now_seconds),
        content: message.encode_to_vec(),
        kind: node.attr("type").unwrap_or_default().into_owned(),
    })
}
