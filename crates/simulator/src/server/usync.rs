//! Who has which devices, which LID, and whether a number is on the network at all.

use std::sync::Arc;

use wacore_binary::{Jid, Node};

use super::dispatch::{Context, Me};
use crate::crypto::adv::signed_key_index_list;
use crate::state::account::{Account, Form, PHONE};
use crate::state::network::{Network, now_seconds};
use crate::wire::build::{bytes_element, element, iq_result};
use crate::wire::node::NodeExt;

/// Answers a usync query in the form it was asked.
pub(crate) fn answer(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    let Some(usync) = stanza.child("usync") else { return context.done(stanza) };
    let protocols: Vec<String> = usync
        .child("query")
        .map(|query| query.all_children().iter().map(|protocol| protocol.tag.to_string()).collect())
        .unwrap_or_default();
    let asked = usync.child("list").map(NodeExt::all_children).unwrap_or_default();
    let users: Vec<Node> =
        asked.iter().map(|user| answer_user(context.network, me, user, &protocols)).collect();
    let result = element("result")
        .children(
            protocols
                .iter()
                .map(|protocol| wacore_binary::builder::NodeBuilder::new_dynamic(protocol.clone()).build()),
        )
        .build();
    let mut answer = element("usync");
    for key in ["sid", "index", "last", "mode", "context"] {
        if let Some(value) = usync.attr(key) {
            answer = answer.attr(key, value.as_ref());
        }
    }
    let answer = answer.children([result, element("list").children(users).build()]).build();
    context.reply(iq_result(stanza, [answer]));
}

fn answer_user(network: &Network, me: &Me, asked: &Node, protocols: &[String]) -> Node {
    let contact = asked.child("contact").and_then(NodeExt::content_text).map(str::to_owned);
    let jid = asked.attr_jid("jid");
    let found = match (&jid, &contact) {
        (Some(jid), _) => network.directory.resolve(jid).map(|resolved| (resolved.account, resolved.form)),
        (None, Some(text)) => {
            let number = text.split('@').next().unwrap_or_default();
            network.directory.by_text(number).map(|account| (account, Form::Pn))
        }
        (None, None) => None,
    };
    let Some((account, form)) = found else { return unknown_user(jid, contact.as_deref(), protocols) };
    // Who looked somebody up may keep their device list, and hears when it changes.
    network.presence.acquaint(me.account.number, account.number);
    let jid = jid.map_or_else(|| account.jid(form), |jid| crate::wire::address::bare(&jid));
    let children =
        protocols.iter().filter_map(|protocol| answer_protocol(protocol, &account, contact.as_deref()));
    let user = element("user").attr("jid", jid);
    match form {
        Form::Pn => user,
        Form::Lid => user.attr("pn_jid", account.pn()),
    }
    .children(children)
    .build()
}

fn unknown_user(jid: Option<Jid>, contact: Option<&str>, protocols: &[String]) -> Node {
    let digits: String = contact.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    let mut children = Vec::new();
    if protocols.iter().any(|protocol| protocol == "contact") {
        children.push(contact_node("out", contact));
    }
    if protocols.iter().any(|protocol| protocol == "devices") {
        children.push(element("devices").children([element("device-list").build()]).build());
    }
    element("user").attr("jid", jid.unwrap_or_else(|| Jid::pn(digits))).children(children).build()
}

fn contact_node(kind: &'static str, contact: Option<&str>) -> Node {
    let node = element("contact").attr("type", kind);
    match contact {
        Some(text) => node.bytes(text.as_bytes()).build(),
        None => node.build(),
    }
}

fn answer_protocol(protocol: &str, account: &Arc<Account>, contact: Option<&str>) -> Option<Node> {
    match protocol {
        "devices" => Some(devices(account)),
        "lid" => Some(element("lid").attr("val", account.lid_jid()).build()),
        "contact" => Some(contact_node("in", contact)),
        "status" => {
            let facts = account.facts.lock();
            let (about, at) = (facts.record.about.clone(), facts.record.created_at);
            drop(facts);
            Some(element("status").attr("t", at).bytes(about.into_bytes()).build())
        }
        "disappearing_mode" => Some(element("disappearing_mode").attr("duration", 0).attr("t", 0).build()),
        _ => None,
    }
}

/// `<devices>`: the phone, the companions one can encrypt to, and the phone's signature over which of them count.
pub(crate) fn devices(account: &Arc<Account>) -> Node {
    let facts = account.facts.lock();
    let mut list = vec![element("device").attr("id", PHONE).build()];
    let mut valid = vec![];
    for (id, device) in facts.devices.iter().filter(|(_, device)| device.record.reachable()) {
        list.push(element("device").attr("id", *id).attr("key-index", device.record.key_index).build());
        valid.push(device.record.key_index);
    }
    drop(facts);
    let list = element("device-list").children(list).build();
    let children = if valid.is_empty() { vec![list] } else { vec![list, key_index_list(account)] };
    element("devices").children(children).build()
}

/// `<key-index-list ts>` with the phone's signature.
pub(crate) fn key_index_list(account: &Account) -> Node {
    let facts = account.facts.lock();
    let valid: Vec<u32> = facts
        .devices
        .values()
        .filter(|device| device.record.reachable())
        .map(|device| device.record.key_index)
        .collect();
    let (raw_id, current) = (facts.record.raw_id, facts.record.last_key_index);
    drop(facts);
    let now = now_seconds();
    let identity = account.phone.lock().signal.identity().clone();
    let signed = signed_key_index_list(&identity, raw_id, now, current, &valid, &mut rand::rng());
    let mut node = bytes_element("key-index-list", signed);
    node.attrs.push("ts", now);
    node
}
