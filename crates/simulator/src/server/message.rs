//! Carrying messages from a companion to the devices it encrypted for. Nothing is decrypted here.

use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::dispatch::{Context, Me};
use super::group;
use crate::error::SimulatorError;
use crate::faults::{FaultKind, Target};
use crate::state::account::{Account, Form};
use crate::state::batch::Batch;
use crate::state::directory::Resolved;
use crate::state::network::{Network, now_seconds};
use crate::state::post::Delivery;
use crate::wire::address::bare;
use crate::wire::build::{ack_of, element};
use crate::wire::node::NodeExt;

/// Attributes of a message that its receivers see as they were sent.
const CARRIED: [&str; 3] = ["type", "edit", "category"];
/// Children that every receiver gets beside its own `<enc>`.
const SHARED: [&str; 3] = ["meta", "biz", "bot"];

/// Who sent a message, from which device.
pub(crate) struct Sender<'a> {
    pub(crate) account: &'a Arc<Account>,
    pub(crate) device: u16,
}

/// Takes a companion's message: keeps it for every device it is for, then acknowledges it.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let network = context.network;
    let Some(to) = stanza.attr_jid("to") else { return Ok(()) };
    let sender = Sender { account: &me.account, device: me.device };
    let now = now_seconds();
    let mut batch = Batch::new();
    let deliveries = if let Some(chat) = network.directory.resolve(&to) {
        network.presence.acquaint(me.account.number, chat.account.number);
        network.carry_direct(&mut batch, &sender, &chat, &to, stanza, now)
    } else if let Some(group) =
        network.groups.get(&to.user).filter(|_| to.server == wacore_binary::Server::Group)
    {
        group::carry(network, &mut batch, &sender, &group, stanza, now)
    } else if to.user == "status" {
        Some(Vec::new())
    } else {
        None
    };
    let Some(deliveries) = deliveries else {
        context.reply(ack_of(stanza, Some(now), Some(404)));
        return Ok(());
    };
    network.journal.write(&batch)?;
    network.hand_over(deliveries);
    let target = Target::device(me.account.number, me.device, context.connection.id);
    if network.faults.take(FaultKind::DropAcks, &target).is_none() {
        context.reply(ack_of(stanza, Some(now), None));
    }
    Ok(())
}

impl Network {
    /// A message to one person: each `<to>` of its participants, or its only `<enc>` for the device it is addressed to.
    /// `None` if it is for nobody.
    pub(crate) fn carry_direct(
        &self,
        batch: &mut Batch,
        sender: &Sender<'_>,
        chat: &Resolved,
        to: &Jid,
        stanza: &Node,
        now: u64,
    ) -> Option<Vec<Delivery>> {
        let mut deliveries = Vec::new();
        let mut addressed = false;
        for (target, encs) in targets(stanza, to) {
            let Some(target) = self.directory.resolve(&target) else { continue };
            let own = target.account.number == sender.account.number;
            if !own && target.account.number != chat.account.number {
                continue;
            }
            if own && target.device == sender.device {
                continue;
            }
            addressed = true;
            let peer = stanza.attr("category").as_deref() == Some("peer");
            let head = direct_head(sender, chat, own, &bare(to), peer);
            let node =
                finish_head(head, sender, stanza, now).children(carried_children(stanza, &encs)).build();
            deliveries.extend(self.deliver(batch, &target.account, target.device, &node));
        }
        addressed.then_some(deliveries)
    }
}

/// For whom a stanza holds ciphertexts.
pub(crate) fn targets(stanza: &Node, to: &Jid) -> Vec<(Jid, Vec<Node>)> {
    let mut targets: Vec<(Jid, Vec<Node>)> = stanza
        .child("participants")
        .map(NodeExt::all_children)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| {
            Some((entry.attr_jid("jid")?, entry.children_named("enc").cloned().collect::<Vec<_>>()))
        })
        .collect();
    let own: Vec<Node> = stanza.children_named("enc").cloned().collect();
    if !own.is_empty() && stanza.child("participants").is_none() {
        targets.push((to.clone(), own));
    }
    targets
}

/// `<message from …>` as one receiver sees it: the sender in the form the chat was addressed in, with the other form beside
/// it. Our own devices get `recipient` instead of the alternate address, which they would take for the chat's.
/// Commands between a phone and its companions (`peer`) have no `recipient`; notes to oneself do.
fn direct_head(sender: &Sender<'_>, chat: &Resolved, own: bool, to: &Jid, peer: bool) -> NodeBuilder {
    let form = chat.form;
    let from = sender.account.jid(form).with_device(sender.device);
    let head = element("message").attr("from", from);
    if own && !peer {
        let head = head.attr("recipient", to.clone());
        let alternate = chat.account.jid(form.other());
        return match form {
            Form::Pn => head.attr("peer_recipient_lid", alternate),
            Form::Lid => head.attr("peer_recipient_pn", alternate),
        };
    }
    if own {
        return head;
    }
    let alternate = sender.account.jid(form.other());
    match form {
        Form::Pn => head.attr("sender_lid", alternate),
        Form::Lid => head.attr("sender_pn", alternate),
    }
}

/// Adds what every receiver sees.
pub(crate) fn finish_head(
    mut head: NodeBuilder,
    sender: &Sender<'_>,
    stanza: &Node,
    now: u64,
) -> NodeBuilder {
    head = head.attr("id", stanza.attr("id").unwrap_or_default().as_ref()).attr("t", now);
    for key in CARRIED {
        if let Some(value) = stanza.attr(key) {
            head = head.attr(key, value.as_ref());
        }
    }
    let name = sender.account.name();
    if name.is_empty() { head } else { head.attr("notify", name) }
}

/// A receiver's `<enc>`s, with the sender's device identity where a session begins, and what everybody gets.
pub(crate) fn carried_children(stanza: &Node, encs: &[Node]) -> Vec<Node> {
    let mut children = encs.to_vec();
    if encs.iter().any(|enc| enc.attr("type").as_deref() == Some("pkmsg")) {
        children.extend(stanza.child("device-identity").cloned());
    }
    children.extend(SHARED.iter().filter_map(|tag| stanza.child(tag)).cloned());
    children
}
