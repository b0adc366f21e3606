//! The end of a link, from either side, and what others hear of it.

use std::sync::Arc;

use wacore_binary::{Jid, Node};

use super::connection::Connection;
use super::dispatch::{Context, Me};
use super::usync::key_index_list;
use crate::error::SimulatorError;
use crate::state::account::{Account, Form, PHONE};
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::{Network, now_seconds};
use crate::wire::build::element;
use crate::wire::node::NodeExt;

/// `<stream:error>` of a companion that was unlinked.
pub(crate) fn device_removed() -> Node {
    let conflict = element("conflict").attr("type", "device_removed").build();
    element("stream:error").attr("code", "401").children([conflict]).build()
}

/// `<stream:error>` of a connection whose device logged in elsewhere. It has no code.
pub(crate) fn replaced() -> Node {
    let conflict = element("conflict").attr("type", "replaced").build();
    element("stream:error").children([conflict]).build()
}

/// `<stream:error code=…/>`.
pub(crate) fn stream_error(code: u16) -> Node {
    element("stream:error").attr("code", code.to_string()).build()
}

/// A companion asks to be removed, or to have another companion of its phone removed.
pub(crate) fn take(context: &mut Context<'_>, me: &Me, stanza: &Node) -> Result<(), SimulatorError> {
    let Some(request) = stanza.child("remove-companion-device") else {
        context.done(stanza);
        return Ok(());
    };
    let wanted = request.attr_jid("jid").and_then(|jid| context.network.directory.resolve(&jid));
    let device = match wanted {
        Some(wanted) if wanted.account.number == me.account.number && wanted.device != PHONE => wanted.device,
        Some(_) => {
            context.refuse(stanza, 403, "forbidden");
            return Ok(());
        }
        // `all` and unreadable addresses mean the asking companion, as the library writes it at logout.
        None => me.device,
    };
    // Replies leave before the mailbox is read: a companion that removes itself is answered before its connection ends.
    match context.network.unlink(&me.account, device) {
        Ok(()) => context.done(stanza),
        Err(SimulatorError::UnknownDevice(_)) => context.refuse(stanza, 404, "item-not-found"),
        Err(error) => return Err(error),
    }
    Ok(())
}

impl Network {
    /// Removes a companion. Its connection ends, its keys and queue are gone, and everybody is told.
    pub(crate) fn unlink(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
    ) -> Result<(), SimulatorError> {
        let mut batch = Batch::new();
        let mut facts = account.facts.lock();
        let Some(gone) = facts.devices.remove(&device) else {
            return Err(SimulatorError::UnknownDevice(device));
        };
        let row = Key::account(account.number).device(device);
        batch.delete(Table::Device, &row);
        batch.delete(Table::OneTimeKeysSpent, &row);
        for upload in gone.keys.uploads() {
            batch.delete(Table::OneTimeKeys, &row.clone().seq(upload));
        }
        for seq in gone.queue.seqs() {
            batch.delete(Table::Queue, &row.clone().seq(seq));
        }
        let ticket = self.journal.append(&batch);
        drop(facts);
        // Another companion may have this number one day: nobody may go on with the session of this one.
        for other in self.acquaintances(account) {
            let mut phone = other.phone.lock();
            phone.signal.forget_session(&account.signal_address(device));
            let _with_the_next = self.append_with_signal(Batch::new(), other.number, &mut phone.signal);
        }
        self.journal.commit(ticket)?;
        if let Some(connection) = gone.connection {
            connection.end(Some(device_removed()));
        }
        self.announce_devices(account, device, false)
    }

    /// Tells everybody who may have the account's device list that a device came or went.
    pub(crate) fn announce_devices(
        self: &Arc<Self>,
        account: &Arc<Account>,
        device: u16,
        added: bool,
    ) -> Result<(), SimulatorError> {
        let key_index = account.facts.lock().devices.get(&device).map_or(0, |d| d.record.key_index);
        let list = key_index_list(account);
        let address = |jid: Jid| jid.with_device(device);
        let mut entry =
            element("device").attr("jid", address(account.pn())).attr("lid", address(account.lid_jid()));
        if added {
            entry = entry.attr("key-index", key_index);
        }
        let change = element(if added { "add" } else { "remove" })
            .attr("device_hash", "2:simulated")
            .children([entry.build(), list])
            .build();
        let notification = element("notification")
            .attr("from", account.pn())
            .attr("type", "devices")
            .attr("id", self.next_seq())
            .attr("t", now_seconds())
            .attr("lid", account.jid(Form::Lid))
            .children([change])
            .build();
        let mut batch = Batch::new();
        let mut deliveries = Vec::new();
        for other in self.acquaintances(account) {
            let ids: Vec<u16> = other.reachable_devices().into_iter().filter(|&id| id != PHONE).collect();
            for id in ids {
                if other.number == account.number && id == device {
                    continue;
                }
                deliveries.extend(self.deliver(&mut batch, &other, id, &notification));
            }
        }
        self.journal.write(&batch)?;
        self.hand_over(deliveries);
        Ok(())
    }

    /// A logged-in connection ended.
    pub(crate) fn connection_left(&self, account: &Arc<Account>, device: u16, connection: &Connection) {
        self.presence.left(self, account, device, connection);
    }
}
