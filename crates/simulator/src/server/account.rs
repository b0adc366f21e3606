//! Queries about an account that the network answers in few words: settings, privacy, pictures, media hosts.

use wacore_binary::Node;

use super::dispatch::{Context, Me};
use crate::error::SimulatorError;
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::Network;
use crate::wire::build::{element, iq_result};
use crate::wire::node::NodeExt;

const PRIVACY: [(&str, &str); 9] = [
    ("last", "all"),
    ("online", "all"),
    ("profile", "all"),
    ("status", "all"),
    ("groupadd", "all"),
    ("readreceipts", "all"),
    ("calladd", "all"),
    ("messages", "all"),
    ("defense", "off"),
];

/// Experiments are off: an empty list.
pub(crate) fn props(context: &mut Context<'_>, stanza: &Node) {
    let props = element("props")
        .attr("protocol", "1")
        .attr("hash", "0")
        .attr("ab_key", "0")
        .attr("refresh", 86_400)
        .attr("refresh_id", 0)
        .children([])
        .build();
    context.reply(iq_result(stanza, [props]));
}

/// Nobody is blocked.
pub(crate) fn blocklist(context: &mut Context<'_>, stanza: &Node) {
    let list = element("list").attr("dhash", "0").children([]).build();
    context.reply(iq_result(stanza, [list]));
}

/// Everything is open; changes are taken and change nothing here.
pub(crate) fn privacy(context: &mut Context<'_>, stanza: &Node, set: bool) {
    if set || stanza.child("privacy").is_none() {
        return context.done(stanza);
    }
    let categories = PRIVACY
        .iter()
        .map(|(name, value)| element("category").attr("name", *name).attr("value", *value).build());
    context.reply(iq_result(stanza, [element("privacy").children(categories).build()]));
}

/// Nobody has a picture.
pub(crate) fn picture(context: &mut Context<'_>, stanza: &Node, set: bool) {
    if set {
        return context.done(stanza);
    }
    context.refuse(stanza, 404, "item-not-found");
}

/// Nobody is a business.
pub(crate) fn business(context: &mut Context<'_>, stanza: &Node) {
    context.reply(iq_result(stanza, [element("business_profile").children([]).build()]));
}

/// The companion changes the "about" text.
pub(crate) fn set_about(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let about = stanza.child("status").and_then(NodeExt::content_text).unwrap_or_default().to_owned();
    let mut facts = me.account.facts.lock();
    facts.record.about = about;
    let mut batch = Batch::new();
    batch.put(Table::Account, &Key::account(me.account.number), &facts.record);
    let ticket = context.network.journal.append(&batch);
    drop(facts);
    context.network.journal.commit(ticket)?;
    context.done(stanza);
    Ok(())
}

/// Where media goes and comes from.
pub(crate) fn media_conn(network: &Network) -> Node {
    let host = element("host")
        .attr("hostname", network.media.host())
        .attr("type", "primary")
        .attr("class", "mms")
        .children([])
        .build();
    element("media_conn")
        .attr("auth", "simulator")
        .attr("ttl", 3_600)
        .attr("auth_ttl", 21_600)
        .attr("max_buckets", 12)
        .attr("is_new", 1)
        .attr("id", 1)
        .children([host])
        .build()
}
