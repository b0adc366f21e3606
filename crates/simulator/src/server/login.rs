//! Letting a linked companion in.

use std::sync::Arc;

use wacore_binary::Node;

use super::connection::Connection;
use super::unlink;
use crate::faults::{FaultKind, Target};
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
    device: u32,
) -> Result<Node, Box<Node>> {
    let id = u16::try_from(device).map_err(|_| failure(401))?;
    let account = network.directory.by_number(username).ok_or_else(|| failure(401))?;
    if let Some(fault) =
        network.faults.take(FaultKind::Failure, &Target::device(account.number, id, connection.id))
    {
        return Err(fault_failure(network, &fault));
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

fn fault_failure(network: &Network, fault: &crate::faults::Fault) -> Box<Node> {
    let reason = fault.code.unwrap_or(401);
    let mut node = failure(reason);
    if reason == 402 {
        let seconds = fault.seconds.unwrap_or(network.config.ban_seconds);
        let wait = network.config.wait(std::time::Duration::from_secs(seconds)).as_secs().max(1);
        node.attrs.push("code", "101");
        node.attrs.push("expire", wait);
    }
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
