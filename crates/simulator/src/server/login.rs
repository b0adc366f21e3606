//! Letting a linked companion in.

use std::sync::Arc;
use std::time::Duration;

use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::connection::Connection;
use super::unlink;
use crate::faults::{Fault, FaultKind, Target};
use crate::state::account::Account;
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::wire::address::server_jid;
use crate::wire::build::element;

/// Logs a companion in by its Noise key. Gives `<success>`, or the `<failure>` to end with.
pub(crate) fn log_in(
    network: &Arc<Network>,
    connection: &Arc<Connection>,
    username: u64,
    payload: &wa::ClientPayload,
) -> Result<Node, Box<Node>> {
    let id = u16::try_from(payload.device.unwrap_or(0)).map_err(|_| failure(401))?;
    let account = network.directory.by_number(username).ok_or_else(|| failure(401))?;
    let target = Target::device(account.number, id, connection.id);
    if let Some(left) = network.faults.in_force(FaultKind::Ban, &target) {
        return Err(ban(left));
    }
    if let Some(failure) = refused_by_fault(network, &target, payload) {
        return Err(failure);
    }
    let mut batch = Batch::new();
    let mut facts = account.facts.lock();
    let name = facts.record.name.clone();
    let companion = facts.devices.get_mut(&id).ok_or_else(|| failure(401))?;
    if connection.client_static.get() != Some(&companion.record.noise_public) {
        return Err(failure(401));
    }
    if !companion.record.confirmed {
        companion.record.confirmed = true;
        batch.put(Table::Device, &Key::account(account.number).device(id), &companion.record);
    }
    let replaced = companion.connection.replace(Arc::clone(connection));
    // This connection was sent nothing yet, so it can confirm nothing.
    companion.queue.restart();
    let ticket = network.journal.append(&batch);
    drop(facts);
    if network.journal.commit(ticket).is_err() {
        // Nobody logged in: what is sent to the device now has to wait.
        let mut facts = account.facts.lock();
        if let Some(companion) = facts.devices.get_mut(&id)
            && companion.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection))
        {
            companion.connection = replaced;
        }
        return Err(failure(503));
    }
    // The connection is new, so this is the first time.
    drop(connection.device.set((Arc::clone(&account), id)));
    if let Some(old) = replaced {
        old.end(Some(unlink::replaced()));
    }
    Ok(success(&account, &name, id))
}

fn success(account: &Account, name: &str, device: u16) -> Node {
    let now = now_seconds();
    element("success")
        .attr("t", now)
        .attr("props", 27)
        .attr("companion_enc_static", "")
        .attr("location", "sim")
        .attr("creation", account.facts.lock().record.created_at)
        .attr("lid", account.lid_jid().with_device(device))
        .attr("display_name", name)
        .build()
}

/// `<failure reason=…/>`.
pub(crate) fn failure(reason: u16) -> Box<Node> {
    Box::new(element("failure").attr("reason", reason).attr("location", "sim").build())
}

/// What a fault has for an unlinked client before it is offered anything.
pub(crate) fn refuse_unlinked(
    network: &Network,
    connection: &Connection,
    payload: &wa::ClientPayload,
) -> Option<Box<Node>> {
    refused_by_fault(network, &Target::unlinked(connection.id), payload)
}

fn refused_by_fault(network: &Network, target: &Target, payload: &wa::ClientPayload) -> Option<Box<Node>> {
    let version = version_of(payload);
    let too_old = |fault: &Fault| fault.means_version(version);
    if network.faults.take_if(FaultKind::RefuseVersion, target, too_old).is_some() {
        return Some(failure(405));
    }
    let fault = network.faults.take(FaultKind::Failure, target)?;
    let reason = fault.code.unwrap_or(401);
    if reason == 402 {
        let seconds = fault.seconds.unwrap_or(network.config.ban_seconds);
        return Some(ban(network.config.wait(Duration::from_secs(seconds))));
    }
    Some(failure(reason))
}

fn version_of(payload: &wa::ClientPayload) -> [u32; 3] {
    let version = &payload.user_agent.app_version;
    [version.primary, version.secondary, version.tertiary].map(Option::unwrap_or_default)
}

/// A temporary ban. What is left is told in whole seconds and never as none.
fn ban(left: Duration) -> Box<Node> {
    let mut node = failure(402);
    node.attrs.push("code", "101");
    node.attrs.push("expire", left.as_millis().div_ceil(1_000).max(1).to_string());
    node
}

/// What waits for this login: all of it, then messages, receipts and notifications.
pub(crate) fn offline_preview(total: usize, [messages, receipts, notifications]: [usize; 3]) -> Node {
    let preview = element("offline_preview")
        .attr("count", total)
        .attr("message", messages)
        .attr("notification", notifications)
        .attr("receipt", receipts)
        .attr("appdata", 0)
        .build();
    element("ib").attr("from", server_jid()).children([preview]).build()
}

/// The end of what waited; always sent.
pub(crate) fn offline_end(total: usize) -> Node {
    let end = element("offline").attr("count", total).build();
    element("ib").attr("from", server_jid()).children([end]).build()
}
