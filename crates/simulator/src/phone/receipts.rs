//! Receipts a phone gives and gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wacore_binary::Node;

use super::{Phone, limits, retry};
use crate::error::SimulatorError;
use crate::server::receipt::receipt_ids;
use crate::state::account::{Account, PHONE};
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::state::records::{MessageRecord, ReceiptRecord};
use crate::wire::address::{bare, parse_jid};
use crate::wire::build::element;
use crate::wire::node::NodeExt;

/// What a phone can say about messages it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    /// They were seen.
    Read,
    /// Voice or video was played.
    Played,
}

impl ReceiptKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Played => "played",
        }
    }
}

/// A receipt a phone got for what it sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhoneReceipt {
    /// The message's id.
    pub id: String,
    /// `delivered`, `inactive` (delivered to a device whose user is away), `read`, `played`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Who says so, a JID.
    pub from: String,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
}

impl Phone {
    /// Says that messages the phone got were read or played. Their authors hear of it, and the own companions.
    #[expect(
        clippy::unused_async,
        reason = "every deed of a phone is awaited, whether it waits today or not"
    )]
    pub async fn mark(&self, kind: ReceiptKind, ids: &[String]) -> Result<(), SimulatorError> {
        limits::check_count("ids", ids.len(), limits::MARKED)?;
        let mut by_chat: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        {
            let phone = self.account.phone.lock();
            for id in ids {
                limits::check_length("ids", id, limits::ADDRESS)?;
                let record = phone
                    .messages
                    .by_id(id)
                    .filter(|record| !record.from_me)
                    .ok_or_else(|| SimulatorError::UnknownMessage(id.clone()))?;
                let key = (record.reply_to.clone(), record.author.clone());
                by_chat.entry(key).or_default().push(id.clone());
            }
        }
        let mut batch = Batch::new();
        let mut deliveries = Vec::new();
        for ((to, author), ids) in by_chat {
            let Some(to) = parse_jid(&to).map(|jid| bare(&jid)) else { continue };
            let receipt = receipt(kind.as_str(), &ids);
            let receipt = match parse_jid(&author) {
                Some(author) if to.server == wacore_binary::Server::Group => {
                    receipt.attr("participant", author)
                }
                _ => receipt,
            };
            let receipt = receipt.children(list_of(&ids)).build();
            deliveries.extend(self.network.carry_receipt(&mut batch, &self.account, PHONE, &to, &receipt));
            deliveries.extend(self.tell_companions(&mut batch, kind, &to, &author, &ids));
        }
        self.network.journal.write(&batch)?;
        self.network.hand_over(deliveries);
        Ok(())
    }

    /// `read-self` and `played-self`: the own companions learn that the chat was opened here.
    fn tell_companions(
        &self,
        batch: &mut Batch,
        kind: ReceiptKind,
        chat: &wacore_binary::Jid,
        author: &str,
        ids: &[String],
    ) -> Vec<crate::state::post::Delivery> {
        let kind = format!("{}-self", kind.as_str());
        let receipt = receipt(&kind, ids)
            .attr("from", self.account.pn())
            .attr("recipient", chat.clone())
            .attr("t", now_seconds());
        let receipt = match parse_jid(author) {
            Some(author) if chat.server == wacore_binary::Server::Group => {
                receipt.attr("participant", author)
            }
            _ => receipt,
        };
        let node = receipt.children(list_of(ids)).build();
        let companions = self.account.reachable_devices().into_iter().filter(|&device| device != PHONE);
        companions.filter_map(|device| self.network.deliver(batch, &self.account, device, &node)).collect()
    }

    /// The receipts the phone got, oldest first.
    pub fn receipts(&self) -> Vec<PhoneReceipt> {
        let phone = self.account.phone.lock();
        phone
            .receipts
            .iter()
            .map(|(_, record)| PhoneReceipt {
                id: record.id.clone(),
                kind: record.kind.clone(),
                from: record.from.clone(),
                at: super::rfc3339(record.at),
            })
            .collect()
    }
}

fn receipt(kind: &str, ids: &[String]) -> wacore_binary::builder::NodeBuilder {
    let first = ids.first().map(String::as_str).unwrap_or_default();
    element("receipt").attr("id", first).attr("type", kind)
}

/// `<list>` of all ids but the first, which the receipt itself names.
fn list_of(ids: &[String]) -> Option<Node> {
    let items: Vec<Node> =
        ids.iter().skip(1).map(|id| element("item").attr("id", id.as_str()).build()).collect();
    (!items.is_empty()).then(|| element("list").children(items).build())
}

/// Handles a receipt from the queue. `batch` already takes it out of there.
pub(super) fn received(
    network: &Arc<Network>,
    account: &Arc<Account>,
    mut batch: Batch,
    node: &Node,
) -> Result<(), SimulatorError> {
    let kind = node.attr("type").map_or_else(|| "delivered".to_owned(), std::borrow::Cow::into_owned);
    match kind.as_str() {
        "retry" | "enc_rekey_retry" => return retry::send_again(network, account, batch, node),
        "peer_msg" | "hist_sync" | "sender" | "read-self" | "played-self" | "server-error" => {
            return network.journal.write(&batch);
        }
        _ => {}
    }
    let by = node.attr_jid("participant").or_else(|| node.attr_jid("from"));
    let by = by.and_then(|jid| network.directory.resolve(&jid));
    let Some(by) = by.filter(|by| by.account.number != account.number) else {
        return network.journal.write(&batch);
    };
    let from = by.account.pn().to_string();
    let mut phone = account.phone.lock();
    for id in receipt_ids(node) {
        let sent: Option<&Arc<MessageRecord>> = phone.messages.by_id(&id);
        if sent.is_none_or(|record| !record.from_me) {
            continue;
        }
        let record = ReceiptRecord { id, kind: kind.clone(), from: from.clone(), at: now_seconds() };
        let seq = network.next_seq();
        batch.put(Table::Receipt, &Key::account(account.number).seq(seq), &record);
        phone.receipts.push_back((seq, record));
        while phone.receipts.len() > network.config.phone_messages {
            if let Some((gone, _)) = phone.receipts.pop_front() {
                batch.delete(Table::Receipt, &Key::account(account.number).seq(gone));
            }
        }
    }
    let ticket = network.journal.append(&batch);
    drop(phone);
    network.journal.commit(ticket)
}
