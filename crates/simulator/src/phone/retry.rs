//! Messages that did not decrypt: asking for them again, and sending them again.

use std::sync::Arc;

use buffa::Message as _;
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::receive::Origin;
use super::send::enc;
use crate::crypto::signal::wrap_device_sent;
use crate::error::SimulatorError;
use crate::server::keys::{read_retry_keys, retry_keys};
use crate::server::message::Sender;
use crate::state::account::{Account, PHONE, PhoneState};
use crate::state::batch::Batch;
use crate::state::network::{Network, now_seconds};
use crate::state::post::Delivery;
use crate::wire::address::parse_jid;
use crate::wire::build::element;
use crate::wire::node::NodeExt;

/// A message is asked for this often.
const MAX_RETRIES: u8 = 5;

/// Asks the author's device for a message once more, with keys for a fresh session.
pub(super) fn ask_again(
    network: &Arc<Network>,
    account: &Arc<Account>,
    phone: &mut PhoneState,
    batch: &mut Batch,
    origin: &Origin,
    node: &Node,
) -> Vec<Delivery> {
    let id = node.attr("id").unwrap_or_default().into_owned();
    let count = phone.retries.entry(id.clone()).or_insert(0);
    *count += 1;
    let count = *count;
    if count > MAX_RETRIES {
        phone.retries.remove(&id);
        return Vec::new();
    }
    let bundle = phone.signal.issue_bundle(true, &mut rand::rng());
    let (registration, keys) = retry_keys(&bundle);
    let retry = element("retry")
        .attr("count", count.to_string())
        .attr("id", id.as_str())
        .attr("t", node.attr_u64("t").unwrap_or_else(now_seconds))
        .attr("v", "1")
        .build();
    let mut receipt = element("receipt").attr("id", id).attr("type", "retry").attr("to", origin.from.clone());
    if let Some(participant) = &origin.participant {
        receipt = receipt.attr("participant", participant.clone());
    }
    let receipt = receipt.children([retry, registration, element("keys").children(keys).build()]).build();
    network.carry_receipt(batch, account, PHONE, &origin.from, &receipt)
}

/// A device could not decrypt a message: it gets it again, in a new session.
pub(super) fn send_again(
    network: &Arc<Network>,
    account: &Arc<Account>,
    mut batch: Batch,
    node: &Node,
) -> Result<(), SimulatorError> {
    let asker = node.attr_jid("participant").or_else(|| node.attr_jid("from"));
    let asker = asker.and_then(|jid| network.directory.resolve(&jid));
    let (Some(asker), Some(id)) = (asker, node.attr("id")) else { return network.journal.write(&batch) };
    let count = node.child("retry").and_then(|retry| retry.attr_u64("count")).unwrap_or(1);
    let sent = account.phone.lock().messages.by_id(&id).filter(|record| record.from_me).cloned();
    if count > u64::from(MAX_RETRIES) {
        return network.journal.write(&batch);
    }
    let Some(record) = sent else {
        network.journal.write(&batch)?;
        // What a companion cannot read and the chats do not know are the keys it was given.
        return if asker.account.number == account.number {
            network.share_keys(account, asker.device)
        } else {
            Ok(())
        };
    };
    let bundle = match read_retry_keys(node) {
        Some(bundle) => Some(bundle),
        None => network.take_bundle(&asker.account, asker.device)?,
    };
    let Ok(message) = wa::Message::decode_from_slice(&record.content) else {
        return network.journal.write(&batch);
    };
    let chat = parse_jid(&record.reply_to);
    let Some(chat) = chat else { return network.journal.write(&batch) };
    let own = asker.account.number == account.number;
    let plain = if own { wrap_device_sent(&chat, message).encode_to_vec() } else { record.content.clone() };
    let address = asker.account.signal_address(asker.device);
    let mut phone = account.phone.lock();
    let deliveries = match phone.signal.encrypt_to(&address, &plain, bundle.as_ref(), &mut rand::rng()) {
        Ok(encrypted) => {
            let mut content = enc(&encrypted);
            content.attrs.push("count", count.to_string());
            let to = asker.account.jid(asker.form).with_device(asker.device);
            resend(network, account, &mut batch, &record, &chat, to, content)
        }
        Err(error) => {
            tracing::warn!(%error, "a message could not be sent again");
            Vec::new()
        }
    };
    let ticket = network.append_with_signal(batch, account.number, &mut phone.signal);
    drop(phone);
    network.journal.commit(ticket)?;
    network.hand_over(deliveries);
    Ok(())
}

fn resend(
    network: &Arc<Network>,
    account: &Arc<Account>,
    batch: &mut Batch,
    record: &crate::state::records::MessageRecord,
    chat: &wacore_binary::Jid,
    to: wacore_binary::Jid,
    content: Node,
) -> Vec<Delivery> {
    let sender = Sender { account, device: PHONE };
    let stanza = element("message").attr("id", record.id.as_str()).attr("type", record.kind.as_str());
    if let Some(group) =
        network.groups.get(&chat.user).filter(|_| chat.server == wacore_binary::Server::Group)
    {
        let stanza = stanza.attr("to", chat.clone()).attr("participant", to).children([content]).build();
        return crate::server::group::carry(network, batch, &sender, &group, &stanza, record.at)
            .unwrap_or_default();
    }
    let Some(other) = network.directory.resolve(chat) else { return Vec::new() };
    let participants =
        element("participants").children([element("to").attr("jid", to).children([content]).build()]).build();
    let stanza = stanza.children([participants]).build();
    network.carry_direct(batch, &sender, &other, chat, &stanza, record.at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::signal::PhoneSignal;

    #[test]
    fn the_keys_of_a_retry_receipt_read_back() {
        let mut signal = PhoneSignal::generate(&mut rand::rng());
        let bundle = signal.issue_bundle(true, &mut rand::rng());
        let (registration, keys) = retry_keys(&bundle);
        let receipt =
            element("receipt").children([registration, element("keys").children(keys).build()]).build();
        let read = read_retry_keys(&receipt).unwrap();
        assert_eq!(read.identity, bundle.identity);
        assert_eq!(read.one_time.map(|key| key.id), bundle.one_time.map(|key| key.id));
    }
}
