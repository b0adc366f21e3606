//! Receipts: they confirm what lies in the receiver's queue, and tell the author.

use std::sync::Arc;

use wacore_binary::{Jid, Node};

use super::dispatch::{Context, Me, names};
use crate::error::SimulatorError;
use crate::state::account::{Account, PHONE};
use crate::state::batch::Batch;
use crate::state::network::{Network, now_seconds};
use crate::state::post::Delivery;
use crate::state::records::Class;
use crate::wire::address::bare;
use crate::wire::build::{ack_of, element};
use crate::wire::node::NodeExt;

/// Takes a companion's receipt.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let network = context.network;
    let Some(to) = stanza.attr_jid("to") else { return Ok(()) };
    let ids = receipt_ids(stanza);
    let party = bare(&to);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut batch = Batch::new();
    let deliveries = network.carry_receipt(&mut batch, &me.account, me.device, &to, stanza);
    network.journal.write(&batch)?;
    network.hand_over(deliveries);
    let author = stanza.attr_jid("participant");
    network.confirm(&me.account, me.device, Class::Message, &ids, |item| {
        names(item, &party, author.as_ref(), |_| true)
    });
    context.reply(ack_of(stanza, None, None));
    Ok(())
}

/// The message ids a receipt names: its own, and those of its list.
pub(crate) fn receipt_ids(stanza: &Node) -> Vec<String> {
    let listed = stanza.child("list").map(NodeExt::all_children).unwrap_or_default();
    stanza
        .attr("id")
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .chain(listed.iter().filter_map(|item| item.attr("id")).map(std::borrow::Cow::into_owned))
        .collect()
}

impl Network {
    /// Puts a receipt into the queues of those it is for. `by` and `device` give it.
    pub(crate) fn carry_receipt(
        &self,
        batch: &mut Batch,
        by: &Arc<Account>,
        device: u16,
        to: &Jid,
        stanza: &Node,
    ) -> Vec<Delivery> {
        let kind = stanza.attr("type").map(std::borrow::Cow::into_owned);
        let author = stanza.attr_jid("participant");
        let group = author.is_some().then(|| self.groups.get(&to.user)).flatten();
        let target = author.as_ref().unwrap_or(to);
        let Some(resolved) = self.directory.resolve(target) else { return Vec::new() };
        let own = resolved.account.number == by.number;
        let to_device = |device: u16| (Arc::clone(&resolved.account), device);
        let receivers: Vec<(Arc<Account>, u16)> = match kind.as_deref() {
            Some("retry" | "enc_rekey_retry") => vec![to_device(resolved.device)],
            // What one's own phone sent is confirmed to the phone alone.
            Some("peer_msg" | "hist_sync" | "sender") => vec![to_device(PHONE)],
            _ if own => own_others(by, device),
            _ => resolved.account.reachable_devices().into_iter().map(to_device).collect(),
        };
        let from_device =
            matches!(kind.as_deref(), Some("retry" | "enc_rekey_retry" | "peer_msg" | "hist_sync"));
        let me = by.jid(resolved.form);
        let me = if from_device { me.with_device(device) } else { me };
        let mut node = element("receipt");
        node = match &group {
            Some(group) => node.attr("from", group.jid()).attr("participant", me),
            None => node.attr("from", me),
        };
        node = node.attr("id", stanza.attr("id").unwrap_or_default().as_ref()).attr("t", now_seconds());
        if let Some(kind) = &kind {
            node = node.attr("type", kind.as_str());
        }
        if let Some(recipient) = stanza.attr_jid("recipient") {
            node = node.attr("recipient", recipient);
        }
        let node = node.children(stanza.all_children().to_vec()).build();
        receivers
            .into_iter()
            .filter_map(|(account, receiver)| self.deliver(batch, &account, receiver, &node))
            .collect()
    }
}

/// The account's other devices.
fn own_others(account: &Arc<Account>, device: u16) -> Vec<(Arc<Account>, u16)> {
    account
        .reachable_devices()
        .into_iter()
        .filter(|&other| other != device)
        .map(|other| (Arc::clone(account), other))
        .collect()
}
