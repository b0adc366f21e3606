//! Groups: what they are, who asks, and the carrying of messages within them.

use std::sync::Arc;

use wacore_binary::Node;

use super::dispatch::{Context, Me};
use super::message::{Sender, carried_children, finish_head, targets};
use crate::state::account::Form;
use crate::state::batch::Batch;
use crate::state::group::Group;
use crate::state::network::{Network, now_seconds};
use crate::state::post::Delivery;
use crate::state::records::{GroupRecord, Role};
use crate::wire::build::{element, iq_result};
use crate::wire::node::NodeExt;

/// Answers a `get` of `w:g2`.
pub(crate) fn query(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    let network = context.network;
    if stanza.child("participating").is_some() {
        let groups = network.groups.of(me.account.number);
        let groups = groups.iter().map(|group| describe(network, group));
        let answer = element("groups").children(groups).build();
        return context.reply(iq_result(stanza, [answer]));
    }
    if let Some(invite) = stanza.child("invite") {
        let code = invite.attr("code").unwrap_or_default();
        return match (network.groups.by_invite(&code), my_group(context, me, stanza)) {
            (Some(group), _) => {
                let answer = describe(network, &group);
                context.reply(iq_result(stanza, [answer]));
            }
            (None, Some(group)) => {
                let code = group.record.lock().invite_code.clone();
                context.reply(iq_result(stanza, [element("invite").attr("code", code).build()]));
            }
            (None, None) => context.refuse(stanza, 404, "item-not-found"),
        };
    }
    match my_group(context, me, stanza) {
        Some(group) => {
            let answer = describe(network, &group);
            context.reply(iq_result(stanza, [answer]));
        }
        None => context.refuse(stanza, 403, "forbidden"),
    }
}

/// The group a stanza is addressed to, if its sender is in it.
pub(crate) fn my_group(context: &Context<'_>, me: &Me, stanza: &Node) -> Option<Arc<Group>> {
    let group = context.network.groups.get(&stanza.attr_jid("to")?.user)?;
    let member = group.record.lock().member(me.account.number).is_some();
    member.then_some(group)
}

/// `<group>` as clients read it.
pub(crate) fn describe(network: &Network, group: &Group) -> Node {
    let record = group.record.lock().clone();
    let form = record.form();
    let person = |number: u64| network.directory.by_number(number);
    let mut node = element("group")
        .attr("id", group.id.as_str())
        .attr("subject", record.subject.as_str())
        .attr("creation", record.created_at)
        .attr("s_t", record.subject_at)
        .attr("addressing_mode", if form == Form::Lid { "lid" } else { "pn" })
        .attr("size", record.members.len());
    if let Some(creator) = person(record.creator) {
        node = node.attr("creator", creator.jid(form)).attr("creator_pn", creator.pn());
    }
    if let Some(by) = person(record.subject_by) {
        node = node.attr("s_o", by.jid(form)).attr("s_o_pn", by.pn());
    }
    let mut children: Vec<Node> =
        record.members.iter().filter_map(|member| participant(network, &record, member.number)).collect();
    if let Some(description) = &record.description {
        let mut text = element("description").attr("id", description.id.as_str()).attr("t", description.at);
        if let Some(by) = person(description.by) {
            text = text.attr("participant", by.jid(form));
        }
        let body = element("body").bytes(description.body.as_bytes()).build();
        children.push(text.children([body]).build());
    }
    if record.announcement {
        children.push(element("announcement").build());
    }
    if record.locked {
        children.push(element("locked").build());
    }
    if record.ephemeral > 0 {
        children.push(element("ephemeral").attr("expiration", record.ephemeral).build());
    }
    children.push(element("member_add_mode").bytes(b"all_member_add".to_vec()).build());
    node.children(children).build()
}

/// `<participant>` with both addresses.
pub(crate) fn participant(network: &Network, record: &GroupRecord, number: u64) -> Option<Node> {
    let account = network.directory.by_number(number)?;
    let node = element("participant").attr("jid", account.jid(record.form()));
    let node = match record.form() {
        Form::Pn => node.attr("lid", account.lid_jid()),
        Form::Lid => node.attr("phone_number", account.pn()),
    };
    Some(match record.member(number).map(|member| member.role) {
        Some(Role::Admin) => node.attr("type", "admin").build(),
        Some(Role::SuperAdmin) => node.attr("type", "superadmin").build(),
        Some(Role::Member) | None => node.build(),
    })
}

/// Puts a group message into the queue of every member's device but the sending one: that device's own key message, if
/// there is one, then the shared ciphertext. `None` if the sender is not in the group.
pub(crate) fn carry(
    network: &Network,
    batch: &mut Batch,
    sender: &Sender<'_>,
    group: &Group,
    stanza: &Node,
    now: u64,
) -> Option<Vec<Delivery>> {
    let record = group.record.lock().clone();
    record.member(sender.account.number)?;
    let form = record.form();
    let participant = sender.account.jid(form).with_device(sender.device);
    let shared: Vec<Node> = stanza.children_named("enc").cloned().collect();
    let own: Vec<(u64, u16, Vec<Node>)> = targets(stanza, &group.jid())
        .into_iter()
        .filter_map(|(jid, encs)| {
            let target = network.directory.resolve(&jid)?;
            Some((target.account.number, target.device, encs))
        })
        .collect();
    // A retry names the one device it is for.
    let only = stanza.attr_jid("participant").and_then(|jid| network.directory.resolve(&jid));
    let mut deliveries = Vec::new();
    for account in record.members.iter().filter_map(|member| network.directory.by_number(member.number)) {
        for device in account.reachable_devices() {
            if account.number == sender.account.number && device == sender.device {
                continue;
            }
            if only
                .as_ref()
                .is_some_and(|only| only.account.number != account.number || only.device != device)
            {
                continue;
            }
            let mut encs: Vec<Node> = own
                .iter()
                .filter(|(number, id, _)| (*number, *id) == (account.number, device))
                .flat_map(|(_, _, encs)| encs.clone())
                .collect();
            encs.extend(shared.iter().cloned());
            if encs.is_empty() {
                continue;
            }
            let head = element("message")
                .attr("from", group.jid())
                .attr("participant", participant.clone())
                .attr("addressing_mode", if form == Form::Lid { "lid" } else { "pn" });
            let head = match form {
                Form::Pn => head.attr("participant_lid", sender.account.lid_jid()),
                Form::Lid => head.attr("participant_pn", sender.account.pn()),
            };
            let node =
                finish_head(head, sender, stanza, now).children(carried_children(stanza, &encs)).build();
            deliveries.extend(network.deliver(batch, &account, device, &node));
        }
    }
    Some(deliveries)
}

/// A notification of a group for the companions of its members, but one.
pub(crate) fn announce(
    network: &Arc<Network>,
    batch: &mut Batch,
    group: &Group,
    by: &Sender<'_>,
    members: &[u64],
    change: &Node,
) -> Vec<Delivery> {
    let form = group.record.lock().form();
    let mut deliveries = Vec::new();
    for account in members.iter().filter_map(|number| network.directory.by_number(*number)) {
        for device in account.reachable_devices() {
            if device == crate::state::account::PHONE
                || (account.number == by.account.number && device == by.device)
            {
                continue;
            }
            let node = element("notification")
                .attr("from", group.jid())
                .attr("type", "w:gp2")
                .attr("id", network.next_seq())
                .attr("t", now_seconds())
                .attr("participant", by.account.jid(form));
            let node = match form {
                Form::Pn => node.attr("participant_lid", by.account.lid_jid()),
                Form::Lid => node.attr("participant_pn", by.account.pn()),
            };
            let node = node.attr("notify", by.account.name()).children([change.clone()]).build();
            deliveries.extend(network.deliver(batch, &account, device, &node));
        }
    }
    deliveries
}
