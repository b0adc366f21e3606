//! Who is there and who is typing. Nothing here is kept: it holds for the moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use wacore_binary::Node;

use super::connection::Connection;
use super::dispatch::{Context, Me};
use crate::state::account::{Account, Form, PHONE};
use crate::state::network::Network;
use crate::wire::build::element;
use crate::wire::node::NodeExt;

/// Number, device, and whether it asked by LID.
type Subscriber = (u64, u16, bool);

/// Who wants to know of whom, and which phones said they are there.
#[derive(Default)]
pub(crate) struct Presence {
    /// By the subject's number.
    subscribers: Mutex<HashMap<u64, HashSet<Subscriber>>>,
    phones: Mutex<HashSet<u64>>,
    acquaintances: Mutex<HashMap<u64, HashSet<u64>>>,
}

impl Presence {
    fn subscribe(&self, subject: u64, me: &Me, form: Form) {
        let subscriber = (me.account.number, me.device, form == Form::Lid);
        self.subscribers.lock().entry(subject).or_default().insert(subscriber);
    }

    /// A phone is there, or not.
    pub(crate) fn phone(&self, network: &Network, account: &Arc<Account>, available: bool) {
        if available {
            self.phones.lock().insert(account.number);
        } else {
            self.phones.lock().remove(&account.number);
        }
        self.tell(network, account, available);
    }

    fn is_available(&self, account: &Account) -> bool {
        let companion_there =
            account.facts.lock().devices.values().any(|device| {
                device.connection.as_ref().is_some_and(|c| c.available.load(Ordering::Relaxed))
            });
        companion_there || self.phones.lock().contains(&account.number)
    }

    fn tell(&self, network: &Network, account: &Arc<Account>, available: bool) {
        let subscribers: Vec<_> =
            self.subscribers.lock().get(&account.number).into_iter().flatten().copied().collect();
        for (number, device, lid) in subscribers {
            if let Some(subscriber) = network.directory.by_number(number) {
                let form = if lid { Form::Lid } else { Form::Pn };
                Network::send_now(&subscriber, device, presence_node(account, form, available));
            }
        }
    }

    /// A connection ended: its presence with it.
    pub(crate) fn left(
        &self,
        network: &Network,
        account: &Arc<Account>,
        device: u16,
        connection: &Connection,
    ) {
        for subscribers in self.subscribers.lock().values_mut() {
            subscribers.retain(|(number, id, _)| (*number, *id) != (account.number, device));
        }
        if connection.available.swap(false, Ordering::Relaxed) && !self.is_available(account) {
            self.tell(network, account, false);
        }
    }

    /// Two people wrote to each other, or asked for each other: they hear of each other's devices.
    pub(crate) fn acquaint(&self, one: u64, other: u64) {
        if one == other {
            return;
        }
        let mut all = self.acquaintances.lock();
        if all.get(&one).is_some_and(|known| known.contains(&other)) {
            return;
        }
        all.entry(one).or_default().insert(other);
        all.entry(other).or_default().insert(one);
    }
}

impl Network {
    /// The account itself and everybody who had to do with it since the network started, or is in a group with it.
    pub(crate) fn acquaintances(&self, account: &Arc<Account>) -> Vec<Arc<Account>> {
        let mut numbers: HashSet<u64> =
            self.presence.acquaintances.lock().get(&account.number).into_iter().flatten().copied().collect();
        for group in self.groups.of(account.number) {
            numbers.extend(group.record.lock().members.iter().map(|member| member.number));
        }
        for message in account.phone.lock().messages.iter() {
            numbers.extend(message.chat.split('@').next().and_then(|user| user.parse::<u64>().ok()));
        }
        numbers.remove(&account.number);
        std::iter::once(Arc::clone(account))
            .chain(numbers.into_iter().filter_map(|number| self.directory.by_number(number)))
            .collect()
    }
}

fn presence_node(account: &Account, form: Form, available: bool) -> Node {
    let node = element("presence").attr("from", account.jid(form));
    if available {
        node.attr("type", "available").build()
    } else {
        node.attr("type", "unavailable").attr("last", crate::state::network::now_seconds()).build()
    }
}

/// Handles `<presence>` of a companion.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    let network = context.network;
    match stanza.attr("type").as_deref() {
        Some("subscribe") => {
            let subject = stanza.attr_jid("to").and_then(|to| network.directory.resolve(&to));
            let Some(subject) = subject else { return };
            network.presence.subscribe(subject.account.number, me, subject.form);
            network.presence.acquaint(me.account.number, subject.account.number);
            let available = network.presence.is_available(&subject.account);
            context.reply(presence_node(&subject.account, subject.form, available));
        }
        Some(kind @ ("available" | "unavailable")) => {
            let available = kind == "available";
            context.connection.available.store(available, Ordering::Relaxed);
            network.presence.tell(network, &me.account, network.presence.is_available(&me.account));
        }
        // Some clients send an empty one; it says nothing.
        _ => {}
    }
}

/// Handles `<chatstate>` of a companion.
pub(crate) fn take_chatstate(context: &mut Context<'_>, me: &Me, stanza: &Node) {
    let Some(to) = stanza.attr_jid("to") else { return };
    context.network.relay_chatstate(&me.account, me.device, &to, stanza.all_children());
}

impl Network {
    /// Tells the companions of a chat's other side what somebody does in it. Simulated phones look at no screen.
    pub(crate) fn relay_chatstate(
        self: &Arc<Self>,
        author: &Arc<Account>,
        device: u16,
        to: &wacore_binary::Jid,
        what: &[Node],
    ) {
        let (others, from, participant) = if let Some(other) = self.directory.resolve(to) {
            (vec![other.account], author.jid(other.form), None)
        } else if let Some(group) = self.groups.get(&to.user) {
            let record = group.record.lock();
            let others: Vec<_> = record
                .members
                .iter()
                .filter(|member| member.number != author.number)
                .filter_map(|member| self.directory.by_number(member.number))
                .collect();
            let participant = author.jid(record.form()).with_device(device);
            drop(record);
            (others, group.jid(), Some(participant))
        } else {
            return;
        };
        for other in others {
            for id in other.reachable_devices().into_iter().filter(|&id| id != PHONE) {
                let mut node = element("chatstate").attr("from", from.clone());
                if let Some(participant) = &participant {
                    node = node.attr("participant", participant.clone());
                }
                Self::send_now(&other, id, node.children(what.to_vec()).build());
            }
        }
    }
}
