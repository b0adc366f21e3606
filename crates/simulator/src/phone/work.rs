//! A phone at work on its queue. Owns that one task does it at a time, and that it begins again after a restart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{receipts, receive};
use crate::error::SimulatorError;
use crate::state::account::Account;
use crate::state::batch::{Batch, Key, Table};
use crate::state::network::Network;
use crate::state::queue::Queued;
use crate::wire::stanza::decode_stanza;

impl Network {
    /// Something lies in the phone's queue.
    pub(crate) fn wake_phone(self: &Arc<Self>, account: &Arc<Account>) {
        if account.working.swap(true, Ordering::AcqRel) {
            return;
        }
        let (network, account) = (Arc::clone(self), Arc::clone(account));
        self.tasks.spawn(async move { work(&network, &account).await });
    }

    /// Every phone that was interrupted goes on.
    pub(crate) fn wake_phones(self: &Arc<Self>) {
        for account in self.directory.all() {
            if account.facts.lock().inbox.len() > 0 {
                self.wake_phone(&account);
            }
        }
    }
}

/// The phone is at work for as long as this lives, however the work ends.
struct Working<'a>(&'a Account);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.store(false, Ordering::Release);
    }
}

async fn work(network: &Arc<Network>, account: &Arc<Account>) {
    loop {
        let working = Working(account);
        while let Some((seq, item)) = next(account) {
            if network.closing.is_cancelled() {
                return;
            }
            let handled = handle(network, account, seq, &item).or_else(|error| match error {
                SimulatorError::Journal(_) | SimulatorError::ShuttingDown => Err(error),
                // One bad stanza of one client is no reason to be deaf to everybody.
                error => {
                    tracing::warn!(%error, "a simulated phone gave up on a stanza");
                    forget(network, account, seq)
                }
            });
            if let Err(error) = handled {
                tracing::error!(%error, "a simulated phone stopped reading its queue");
                return;
            }
            // Others run between two messages: decrypting is work.
            tokio::task::yield_now().await;
        }
        drop(working);
        let more = account.facts.lock().inbox.has_unsent();
        if !more || account.working.swap(true, Ordering::AcqRel) {
            return;
        }
    }
}

fn next(account: &Account) -> Option<(u64, Queued)> {
    account.facts.lock().inbox.next()
}

/// Takes a stanza out of the queue without any effect.
fn forget(network: &Network, account: &Account, seq: u64) -> Result<(), SimulatorError> {
    let mut batch = Batch::new();
    batch.delete(Table::Queue, &Key::account(account.number).device(0).seq(seq));
    network.journal.write(&batch)?;
    account.facts.lock().inbox.remove(seq);
    Ok(())
}

/// Handles one stanza and takes it out of the queue in the same batch as its effects.
fn handle(
    network: &Arc<Network>,
    account: &Arc<Account>,
    seq: u64,
    item: &Queued,
) -> Result<(), SimulatorError> {
    let mut batch = Batch::new();
    batch.delete(Table::Queue, &Key::account(account.number).device(0).seq(seq));
    match decode_stanza(item.stanza[..].into()) {
        Ok(node) if node.tag == "message" => receive::message(network, account, batch, &node)?,
        Ok(node) if node.tag == "receipt" => receipts::received(network, account, batch, &node)?,
        Ok(_) => network.journal.write(&batch)?,
        Err(error) => {
            tracing::warn!(%error, "a simulated phone could not read a stanza");
            network.journal.write(&batch)?;
        }
    }
    account.facts.lock().inbox.remove(seq);
    Ok(())
}
