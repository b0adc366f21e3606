//! The life of one connection: handshake, unlinked or login, then stanzas until one side ends it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use wacore_binary::Node;

use super::connection::{Command, Connection};
use super::dispatch::{self, Context};
use super::link::{Link, LinkError};
use super::{login, pairing};
use crate::doors::Door;
use crate::state::account::Account;
use crate::state::network::Network;

/// The largest frame that is accepted, in bytes: an upload of 812 keys needs 40 kB, group stanzas far less than this.
pub(crate) const MAX_FRAME: usize = 8 * 1024 * 1024;
/// Stanzas sent from a queue before the client is listened to again.
const BURST: usize = 64;

/// Serves a client until it or the network ends.
pub(crate) async fn serve(network: Arc<Network>, mut door: Door, peer: Option<SocketAddr>) {
    let (connection, commands) = network.connections.open(door.name(), peer);
    let present = Present { network: &network, connection: &connection };
    let run = run(Arc::clone(&network), Arc::clone(&connection), &mut door, commands);
    let (ended, politely) = tokio::select! {
        ended = run => (ended, true),
        // A fault: without a word.
        () = connection.cut.cancelled() => (Ok(()), false),
        () = network.closing.cancelled() => (Ok(()), true),
    };
    if let Err(error) = &ended
        && !matches!(error, LinkError::Gone(_))
    {
        tracing::debug!(connection = connection.id, %error, "a simulated connection ended");
    }
    drop(present);
    if politely && !matches!(ended, Err(LinkError::Stalled(_))) {
        door.close().await;
    }
}

/// A connection is known to others for as long as this lives, however its task ends.
struct Present<'a> {
    network: &'a Arc<Network>,
    connection: &'a Arc<Connection>,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        leave(self.network, self.connection);
    }
}

/// Takes the connection out of everything that knows it.
fn leave(network: &Arc<Network>, connection: &Arc<Connection>) {
    network.connections.close(connection.id);
    network.offers.forget(connection.id);
    network.offers.passkeys.end(connection.id);
    connection.forget_answers();
    if let Some((account, device)) = connection.device.get() {
        let mut facts = account.facts.lock();
        if let Some(device) = facts.devices.get_mut(device)
            && device.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection))
        {
            device.connection = None;
        }
        drop(facts);
        network.connection_left(account, *device, connection);
    }
}

async fn run(
    network: Arc<Network>,
    connection: Arc<Connection>,
    door: &mut Door,
    mut commands: mpsc::UnboundedReceiver<Command>,
) -> Result<(), LinkError> {
    let (mut link, payload) = Link::open(Arc::clone(&network), Arc::clone(&connection), door).await?;
    match payload.username {
        None | Some(0) => {
            let refused = login::refuse_unlinked(&network, &connection, &payload);
            let refused = refused.or_else(|| pairing::begin(&network, &connection, &payload).err());
            if let Some(failure) = refused {
                return link.send(&failure).await;
            }
        }
        Some(username) => match login::log_in(&network, &connection, username, &payload) {
            Ok(success) => link.send(&success).await?,
            Err(failure) => return link.send(&failure).await,
        },
    }
    loop {
        tokio::select! {
            stanza = link.receive() => {
                let stanza = stanza?;
                if connection.silent.load(Ordering::Relaxed) {
                    continue;
                }
                answer(&network, &connection, &mut link, &stanza).await?;
            }
            command = commands.recv() => {
                let (node, end) = match command {
                    Some(Command::Send(node)) => (Some(node), false),
                    Some(Command::End(node)) => (node, true),
                    None => return Ok(()),
                };
                if let Some(node) = node.filter(|_| !connection.silent.load(Ordering::Relaxed)) {
                    link.send(&node).await?;
                }
                if end {
                    return Ok(());
                }
            }
            () = connection.wake.notified() => flush(&network, &connection, &mut link).await?,
        }
    }
}

async fn answer(
    network: &Arc<Network>,
    connection: &Arc<Connection>,
    link: &mut Link<'_>,
    stanza: &Node,
) -> Result<(), LinkError> {
    let mut context = Context { network, connection, replies: Vec::new(), activated: false };
    dispatch::handle(&mut context, stanza)?;
    let (replies, activated) = (context.replies, context.activated);
    for reply in &replies {
        link.send(reply).await?;
    }
    if activated && let Some((account, device)) = connection.device.get() {
        send_backlog(network, connection, link, account, *device).await?;
    }
    Ok(())
}

/// Sends what waited for this login, between its preview and its end mark, then opens the queue.
async fn send_backlog(
    network: &Network,
    connection: &Arc<Connection>,
    link: &mut Link<'_>,
    account: &Account,
    device: u16,
) -> Result<(), LinkError> {
    let (total, counts) = {
        let mut facts = account.facts.lock();
        let Some(companion) = facts.devices.get_mut(&device) else { return Ok(()) };
        companion.queue.restart();
        companion.queue.counts()
    };
    link.send(&login::offline_preview(total, counts)).await?;
    for _ in 0..total {
        let Some(stanza) = network.next_stanza(connection, account, device, true) else { break };
        link.send_encoded(stanza).await?;
    }
    link.send(&login::offline_end(total)).await?;
    connection.active.store(true, Ordering::Release);
    connection.wake.notify_one();
    Ok(())
}

async fn flush(
    network: &Network,
    connection: &Arc<Connection>,
    link: &mut Link<'_>,
) -> Result<(), LinkError> {
    let Some((account, device)) = connection.device.get() else { return Ok(()) };
    if !connection.active.load(Ordering::Acquire) || connection.silent.load(Ordering::Relaxed) {
        return Ok(());
    }
    for _ in 0..BURST {
        let Some(stanza) = network.next_stanza(connection, account, *device, false) else { return Ok(()) };
        link.send_encoded(stanza).await?;
    }
    connection.wake.notify_one();
    Ok(())
}
