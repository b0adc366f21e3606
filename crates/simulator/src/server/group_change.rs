//! Changes of groups, by companions and by phones: creation, members, roles, texts, settings, leaving, invitations.

use std::sync::Arc;

use rand::RngExt as _;
use wacore_binary::{Jid, Node};

use super::dispatch::{Context, Me};
use super::group::{announce, describe, my_group, participant};
use super::message::Sender;
use crate::error::SimulatorError;
use crate::state::account::{Account, Form};
use crate::state::batch::{Batch, Key, Table};
use crate::state::group::Group;
use crate::state::network::{Network, now_seconds};
use crate::state::records::{Description, GroupRecord, MemberRecord, Role};
use crate::wire::build::{element, iq_result};
use crate::wire::node::NodeExt;

/// Answers a `set` of `w:g2`.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let network = Arc::clone(context.network);
    let sender = Sender { account: &me.account, device: me.device };
    if let Some(create) = stanza.child("create") {
        let subject = create.attr("subject").unwrap_or_default().into_owned();
        let wanted: Vec<Jid> =
            create.children_named("participant").filter_map(|child| child.attr_jid("jid")).collect();
        let members: Vec<Arc<Account>> = wanted
            .iter()
            .filter_map(|jid| network.directory.resolve(jid).map(|resolved| resolved.account))
            .collect();
        let group = network.create_group(&sender, &subject, &members, Form::Pn)?;
        context.reply(iq_result(stanza, [describe(&network, &group)]));
        return Ok(());
    }
    if let Some(leave) = stanza.child("leave") {
        return leave_groups(context, me, stanza, leave);
    }
    if let Some(code) = stanza.child("invite").and_then(|invite| invite.attr("code")) {
        return join(context, me, stanza, &code);
    }
    let Some(group) = my_group(context, me, stanza) else {
        context.refuse(stanza, 403, "forbidden");
        return Ok(());
    };
    let Some(change) = stanza.all_children().first() else {
        context.done(stanza);
        return Ok(());
    };
    match change.tag.as_ref() {
        "add" | "remove" | "promote" | "demote" => change_members(context, me, stanza, &group, change),
        _ => change_settings(context, me, stanza, &group, change),
    }
}

impl Network {
    /// A new group; its creator and members hear of it.
    pub(crate) fn create_group(
        self: &Arc<Self>,
        creator: &Sender<'_>,
        subject: &str,
        members: &[Arc<Account>],
        form: Form,
    ) -> Result<Arc<Group>, SimulatorError> {
        let now = now_seconds();
        let owner = creator.account.number;
        let mut all = vec![MemberRecord { number: owner, role: Role::SuperAdmin }];
        for member in members {
            if all.iter().all(|other| other.number != member.number) {
                all.push(MemberRecord { number: member.number, role: Role::Member });
            }
        }
        let record = GroupRecord {
            subject: subject.to_owned(),
            description: None,
            creator: owner,
            created_at: now,
            subject_at: now,
            subject_by: owner,
            lid_addressed: form == Form::Lid,
            announcement: false,
            locked: false,
            ephemeral: 0,
            members: all.clone(),
            invite_code: hex::encode(rand::rng().random::<[u8; 11]>()),
        };
        let mut id = format!("120363{:012}", rand::rng().random_range(0..1_000_000_000_000_u64));
        while self.groups.get(&id).is_some() {
            id = format!("120363{:012}", rand::rng().random_range(0..1_000_000_000_000_u64));
        }
        let mut batch = Batch::new();
        batch.put(Table::Group, &Key::text(&id), &record);
        let group = self.groups.insert(id, record);
        let numbers: Vec<u64> = all.iter().map(|member| member.number).collect();
        let change = element("create").attr("type", "new").children([describe(self, &group)]).build();
        let deliveries = announce(self, &mut batch, &group, creator, &numbers, &change);
        self.journal.write(&batch)?;
        self.hand_over(deliveries);
        Ok(group)
    }

    /// Writes a changed group and tells `members`. The change was made under the group's lock.
    fn save_group(
        self: &Arc<Self>,
        group: &Group,
        by: &Sender<'_>,
        members: &[u64],
        change: &Node,
    ) -> Result<(), SimulatorError> {
        let mut batch = Batch::new();
        let deliveries = announce(self, &mut batch, group, by, members, change);
        let record = group.record.lock();
        batch.put(Table::Group, &Key::text(&group.id), &*record);
        let ticket = self.journal.append(&batch);
        drop(record);
        self.journal.commit(ticket)?;
        self.hand_over(deliveries);
        Ok(())
    }
}

fn change_members(
    context: &mut Context<'_>,
    me: &Me,
    stanza: &Node,
    group: &Arc<Group>,
    change: &Node,
) -> Result<(), SimulatorError> {
    let network = Arc::clone(context.network);
    let action = change.tag.to_string();
    let wanted: Vec<Jid> =
        change.children_named("participant").filter_map(|child| child.attr_jid("jid")).collect();
    let mut record = group.record.lock();
    if !record.is_admin(me.account.number) && action != "add" {
        drop(record);
        context.refuse(stanza, 403, "forbidden");
        return Ok(());
    }
    let told: Vec<u64> = record.members.iter().map(|member| member.number).collect();
    let mut changed = Vec::new();
    let mut answers = Vec::new();
    for jid in wanted {
        let number = network.directory.resolve(&jid).map(|resolved| resolved.account.number);
        let done = number.is_some_and(|number| apply(&mut record, &action, number));
        let answer = element("participant").attr("jid", jid);
        answers.push(if done { answer.build() } else { answer.attr("error", "404").build() });
        changed.extend(number.filter(|_| done));
    }
    let people: Vec<Node> =
        changed.iter().filter_map(|number| participant(&network, &record, *number)).collect();
    let now_in: Vec<u64> = record.members.iter().map(|member| member.number).collect();
    drop(record);
    context.reply(iq_result(stanza, [NodeOf(&action).children(answers)]));
    if changed.is_empty() {
        return Ok(());
    }
    let mut members = told;
    members.extend(now_in.into_iter().filter(|number| changed.contains(number)));
    members.sort_unstable();
    members.dedup();
    let sender = Sender { account: &me.account, device: me.device };
    network.save_group(group, &sender, &members, &NodeOf(&action).children(people))
}

fn apply(record: &mut GroupRecord, action: &str, number: u64) -> bool {
    let place = record.members.iter().position(|member| member.number == number);
    match (action, place) {
        ("add", None) => {
            record.members.push(MemberRecord { number, role: Role::Member });
            true
        }
        ("remove", Some(place)) => {
            record.members.remove(place);
            true
        }
        ("promote", Some(place)) => {
            record.members[place].role = Role::Admin;
            true
        }
        ("demote", Some(place)) => {
            record.members[place].role = Role::Member;
            true
        }
        _ => false,
    }
}

fn change_settings(
    context: &mut Context<'_>,
    me: &Me,
    stanza: &Node,
    group: &Arc<Group>,
    change: &Node,
) -> Result<(), SimulatorError> {
    let network = Arc::clone(context.network);
    let now = now_seconds();
    let mut record = group.record.lock();
    let mut told = change.clone();
    match change.tag.as_ref() {
        "subject" => {
            change.content_text().unwrap_or_default().clone_into(&mut record.subject);
            (record.subject_at, record.subject_by) = (now, me.account.number);
            told = element("subject")
                .attr("subject", record.subject.as_str())
                .attr("s_t", now)
                .attr("s_o", me.account.jid(record.form()))
                .build();
        }
        "description" => {
            let body = change.child("body").and_then(NodeExt::content_text);
            let id = change.attr("id").unwrap_or_default().into_owned();
            record.description =
                body.map(|body| Description { id, body: body.to_owned(), by: me.account.number, at: now });
        }
        "announcement" => record.announcement = true,
        "not_announcement" => record.announcement = false,
        "locked" => record.locked = true,
        "unlocked" => record.locked = false,
        "ephemeral" => {
            let seconds = change.attr_u64("expiration").unwrap_or(0);
            record.ephemeral = u32::try_from(seconds).unwrap_or(u32::MAX);
        }
        "not_ephemeral" => record.ephemeral = 0,
        "invite" => {
            record.invite_code = hex::encode(rand::rng().random::<[u8; 11]>());
            let code = record.invite_code.clone();
            let mut batch = Batch::new();
            batch.put(Table::Group, &Key::text(&group.id), &*record);
            let ticket = network.journal.append(&batch);
            drop(record);
            network.journal.commit(ticket)?;
            context.reply(iq_result(stanza, [element("invite").attr("code", code).build()]));
            return Ok(());
        }
        // Whatever else can be set about a group changes nothing that this network shows.
        _ => {
            drop(record);
            context.done(stanza);
            return Ok(());
        }
    }
    let members: Vec<u64> = record.members.iter().map(|member| member.number).collect();
    drop(record);
    context.done(stanza);
    let sender = Sender { account: &me.account, device: me.device };
    network.save_group(group, &sender, &members, &told)
}

fn leave_groups(
    context: &mut Context<'_>,
    me: &Me,
    stanza: &Node,
    leave: &Node,
) -> Result<(), SimulatorError> {
    let network = Arc::clone(context.network);
    let sender = Sender { account: &me.account, device: me.device };
    let mut answers = Vec::new();
    for jid in leave.all_children().iter().filter_map(|child| child.attr_jid("id")) {
        let answer = element("group").attr("id", jid.clone());
        let Some(group) = network.groups.get(&jid.user) else {
            answers.push(answer.attr("error", "404").build());
            continue;
        };
        let mut record = group.record.lock();
        let members: Vec<u64> = record.members.iter().map(|member| member.number).collect();
        let gone = participant(&network, &record, me.account.number);
        apply(&mut record, "remove", me.account.number);
        drop(record);
        answers.push(answer.build());
        let change = element("remove").children(gone).build();
        network.save_group(&group, &sender, &members, &change)?;
    }
    context.reply(iq_result(stanza, [element("leave").children(answers).build()]));
    Ok(())
}

fn join(context: &mut Context<'_>, me: &Me, stanza: &Node, code: &str) -> Result<(), SimulatorError> {
    let network = Arc::clone(context.network);
    let Some(group) = network.groups.by_invite(code) else {
        context.refuse(stanza, 404, "item-not-found");
        return Ok(());
    };
    let mut record = group.record.lock();
    apply(&mut record, "add", me.account.number);
    let members: Vec<u64> = record.members.iter().map(|member| member.number).collect();
    let person = participant(&network, &record, me.account.number);
    drop(record);
    context.reply(iq_result(stanza, [element("group").attr("jid", group.jid()).build()]));
    let sender = Sender { account: &me.account, device: me.device };
    let change = element("add").attr("reason", "invite").children(person).build();
    network.save_group(&group, &sender, &members, &change)
}

/// An element whose tag is only known at run time.
struct NodeOf<'a>(&'a str);

impl NodeOf<'_> {
    fn children(&self, children: Vec<Node>) -> Node {
        wacore_binary::builder::NodeBuilder::new_dynamic(self.0.to_owned()).children(children).build()
    }
}
