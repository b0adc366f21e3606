//! What becomes of a client's stanza. Owns the choice of handler; every iq is answered, an unknown one emptily.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use wacore_binary::{Jid, Node};

use super::connection::Connection;
use super::{
    account, app_state, code, group, group_change, keys, message, passkey, presence, receipt, unlink, usync,
};
use crate::error::SimulatorError;
use crate::state::account::Account;
use crate::state::network::Network;
use crate::state::queue::Queued;
use crate::state::records::Class;
use crate::wire::address::{bare, parse_jid};
use crate::wire::build::{iq_error, iq_result};
use crate::wire::node::NodeExt;
use crate::wire::stanza::decode_stanza;

/// What a handler works with, and what it leaves: replies, in order, which are sent once it returned.
pub(crate) struct Context<'a> {
    pub(crate) network: &'a Arc<Network>,
    pub(crate) connection: &'a Arc<Connection>,
    pub(crate) replies: Vec<Node>,
    /// The client asked for what is queued; it follows the replies.
    pub(crate) activated: bool,
}

/// The companion whose stanza this is.
#[derive(Clone)]
pub(crate) struct Me {
    pub(crate) account: Arc<Account>,
    pub(crate) device: u16,
}

impl Context<'_> {
    pub(crate) fn reply(&mut self, node: Node) {
        self.replies.push(node);
    }

    /// Answers an iq emptily.
    pub(crate) fn done(&mut self, request: &Node) {
        self.replies.push(iq_result(request, []));
    }

    pub(crate) fn refuse(&mut self, request: &Node, code: u16, text: &'static str) {
        self.replies.push(iq_error(request, code, text));
    }

    fn me(&self) -> Option<Me> {
        let (account, device) = self.connection.device.get()?;
        Some(Me { account: Arc::clone(account), device: *device })
    }
}

/// Handles one stanza. An error means that something accepted could not be kept: the connection must end unanswered.
pub(crate) fn handle(context: &mut Context<'_>, stanza: &Node) -> Result<(), SimulatorError> {
    match (stanza.tag.as_ref(), context.me()) {
        ("iq", me) => handle_iq(context, me.as_ref(), stanza),
        ("message", Some(me)) => message::take(context, &me, stanza),
        ("receipt", Some(me)) => receipt::take(context, &me, stanza),
        ("ack", Some(me)) => {
            confirm(context, &me, stanza);
            Ok(())
        }
        ("presence", Some(me)) => {
            presence::take(context, &me, stanza);
            Ok(())
        }
        ("chatstate", Some(me)) => {
            presence::take_chatstate(context, &me, stanza);
            Ok(())
        }
        ("call", Some(_)) => {
            context.reply(crate::wire::build::ack_of(stanza, None, None));
            Ok(())
        }
        // `ib` is advice, and what an unlinked client says beyond iqs concerns nobody.
        _ => Ok(()),
    }
}

fn handle_iq(context: &mut Context<'_>, me: Option<&Me>, stanza: &Node) -> Result<(), SimulatorError> {
    let kind = stanza.attr("type").unwrap_or_default().into_owned();
    if kind == "result" || kind == "error" {
        if let Some(id) = stanza.attr("id") {
            context.connection.answered(&id, stanza);
        }
        return Ok(());
    }
    let xmlns = stanza.attr("xmlns").unwrap_or_default().into_owned();
    let set = kind == "set";
    let Some(me) = me else {
        if xmlns == "md" {
            if !passkey::take(context, stanza) {
                code::take(context, stanza);
            }
        } else {
            context.done(stanza);
        }
        return Ok(());
    };
    match xmlns.as_str() {
        "encrypt" => keys::take(context, me, stanza, set)?,
        "passive" => passive(context, me, stanza),
        "usync" => usync::answer(context, me, stanza),
        "w:sync:app:state" => app_state::take(context, me, stanza)?,
        "md" => unlink::take(context, me, stanza)?,
        "w:m" => context.reply(iq_result(stanza, [account::media_conn(context.network)])),
        "w:g2" if set => group_change::take(context, me, stanza)?,
        "w:g2" => group::query(context, me, stanza),
        "abt" | "w" => account::props(context, stanza),
        "blocklist" => account::blocklist(context, stanza),
        "privacy" => account::privacy(context, stanza, set),
        "w:profile:picture" => account::picture(context, stanza, set),
        "status" if set => account::set_about(context, me, stanza)?,
        "w:biz" => account::business(context, stanza),
        _ => context.done(stanza),
    }
    Ok(())
}

fn passive(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    if stanza.child("active").is_some() {
        context.network.welcome(&me.account, me.device);
        if !context.connection.active.load(Ordering::Acquire) {
            context.activated = true;
        }
    } else {
        context.connection.active.store(false, Ordering::Release);
    }
    context.done(stanza);
}

/// A client confirms something of its queue.
fn confirm(context: &Context<'_>, me: &Me, stanza: &Node) {
    let class = match stanza.attr("class").as_deref() {
        Some("message") => Class::Message,
        Some("receipt") => Class::Receipt,
        Some("notification") => Class::Notification,
        Some("call") => Class::Call,
        _ => return,
    };
    let (Some(id), Some(to)) = (stanza.attr("id"), stanza.attr_jid("to")) else { return };
    let to = bare(&to);
    let (participant, kind) = (stanza.attr_jid("participant"), stanza.attr("type"));
    context.network.confirm(&me.account, me.device, class, &[&id], |item| {
        let same_kind = |sent: &Node| match class {
            Class::Message => true,
            // `delivered` has no type, so a missing one says something.
            Class::Receipt => sent.attr("type") == kind,
            Class::Notification | Class::Call => kind.is_none() || sent.attr("type") == kind,
        };
        names(item, &to, participant.as_ref(), same_kind)
    });
}

/// Whether a confirmation means this stanza: by whom it came, by its author if both tell one, and by what else is asked.
pub(super) fn names(
    item: &Queued,
    party: &Jid,
    participant: Option<&Jid>,
    also: impl Fn(&Node) -> bool,
) -> bool {
    same_party(&item.from, party)
        && decode_stanza(item.stanza[..].into()).is_ok_and(|sent| {
            let author = sent.attr_jid("participant");
            let same_author =
                author.zip(participant).is_none_or(|(author, named)| bare(&author) == bare(named));
            same_author && also(&sent)
        })
}

/// Whether a stanza came from this party, whichever of its devices.
fn same_party(from: &str, party: &Jid) -> bool {
    parse_jid(from).is_some_and(|from| bare(&from) == *party)
}
